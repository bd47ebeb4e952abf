"""Reward functions that were written for other trainers run here unchanged."""

import asyncio
import importlib.util
import sys
from math import isnan
from pathlib import Path

import pytest
from recorded import recorded

from whet import rewards
from whet.protocols import GroupReward, Reward
from whet.rewards.adapters.batch_script import BatchScript, TrlForm
from whet.rewards.adapters.script import Script, VerifiersForm
from whet.rewards.judging import context_of, verdicts
from whet.types import Group, Reason, Task, UsageError

FOREIGN = Path(__file__).with_name("foreign")
CHAT = ({"role": "system", "content": "Add."}, {"role": "user", "content": "3+4=?"})
REPLIES = ("it is 7", r"so \boxed{7}", "#### 7", r"#### 8 or \boxed{8}", "", "3+4 = 7")
INFO = {"data_source": "sums", "index": 3, "level": 2, "weight": 0.5}


def load(name, function):
    """The function itself, as its own trainer would import it."""
    sys.path.insert(0, str(FOREIGN))
    try:
        spec = importlib.util.spec_from_file_location(name, FOREIGN / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(FOREIGN))
    return getattr(module, function)


def group(prompt="3+4=?", replies=REPLIES, answer="7", **info):
    task = Task(id="t", prompt=prompt, answer=answer, info=INFO | info)
    rolled = []
    for place, reply in enumerate(replies):
        tokens = tuple(range(place + 2))
        rolled.append(
            recorded(
                task=task,
                seed=place,
                turns=("3+4=?", reply),
                tokens=tokens,
                chosen=(False, *(True for _ in tokens[1:])),
                behaviour_logp=(0.0,) * len(tokens[1:]),
            )
        )
    return Group.of(rolled)


def judged(judge, rollouts):
    return asyncio.run(verdicts(rollouts, judge, context_of()))


def find(file, function):
    return rewards.find(f"{FOREIGN / file}.py:{function}")


def test_trl_in_a_chat():
    direct = load("trl_style", "accuracy_reward")
    judge = find("trl_style", "accuracy_reward")
    assert isinstance(judge, BatchScript) and isinstance(judge, GroupReward)
    found = judged(judge, group(CHAT))
    chats = [[{"role": "assistant", "content": reply}] for reply in REPLIES]
    wanted = direct(chats, ["7"] * len(chats))
    assert [v.score for v in found] == wanted == [0, 1, 0, 0, 0, 0]
    assert [v.correct for v in found] == [bool(w) for w in wanted]
    assert [v.note for v in found][:2] == ["extracted: [none]", "extracted: 7"]
    assert {v.parts["accuracy"] for v in found} == {1 / 6}


def test_trl_says_that_it_is_not_applicable():
    found = judged(find("trl_style", "accuracy_reward"), group(CHAT, answer="who knows?"))
    assert {v.reason for v in found} == {Reason.NOT_APPLICABLE}
    assert not any(v.fault or v.judged for v in found)
    assert all(isnan(v.score) and v.note.startswith("extracted") for v in found)


@pytest.mark.parametrize(
    ("source", "faulty"),
    [
        ("def score(completions): return [1.0, float('inf'), None, 1.0, 1.0, 0.5]", [1]),
        ("def score(queries): return [float('nan'), 1.0, 1.0, 1.0, 1.0, float('-inf')]", [0, 5]),
        (
            "def score(queries): return {'rewards': [1] * 6, 'scores': [float('nan')] + [1] * 5}",
            [0],
        ),
        ("def score(reply): return {'score': float('nan') if 'boxed' in reply else 1}", [1, 3]),
    ],
)
def test_what_is_not_finite_is_a_fault_of_those_concerned(tmp_path, source, faulty):
    path = tmp_path / "judge.py"
    path.write_text(source)
    found = judged(rewards.find(str(path)), group())
    assert [i for i, v in enumerate(found) if v.fault] == faulty
    assert all("judge.py" in found[i].note and "not finite" in found[i].note for i in faulty)


def test_trl_knows_the_step_of_training(tmp_path):
    path = tmp_path / "judge.py"
    path.write_text("def f(completions, trainer_state): return [trainer_state.global_step] * 6")
    found = asyncio.run(verdicts(group(), rewards.find(f"{path}:f"), context_of(step=7)))
    assert [v.score for v in found] == [7.0] * 6


def test_trl_async_and_with_token_ids():
    found = judged(find("trl_style", "length_reward"), group())
    assert [v.score for v in found] == [-(n + 1) / 10 for n in range(len(REPLIES))]


def test_trl_as_an_object_and_as_its_class():
    wanted = load("trl_style", "counting")(["?"] * 6, list(REPLIES), [2] * 6)
    for name in ("counting", "CountingReward"):
        judge = find("trl_style", name)
        assert isinstance(judge, BatchScript)
        assert [v.score for v in judged(judge, group())] == wanted


def test_verl():
    direct = load("verl_style", "compute_score")
    judge = rewards.find(str(FOREIGN / "verl_style.py"))  # by its usual name
    assert isinstance(judge, Script) and isinstance(judge, Reward)
    found = judged(judge, group())
    wanted = [direct("sums", reply, "7", {"index": 3}) for reply in REPLIES]
    assert [v.score for v in found] == [w["score"] for w in wanted] == [0, 0, 1, 0.1, 0, 0]
    assert [v.correct for v in found] == [w["acc"] for w in wanted]
    assert found[2].parts == {"index": 3.0}


def test_verl_gets_the_ground_truth_of_its_row(tmp_path):
    path = tmp_path / "typed.py"
    path.write_text(
        "def compute_score(data_source, solution_str, ground_truth, extra_info=None, **kw):\n"
        "    return float(ground_truth['target'] == 7 and extra_info['num_turns'] == 2)\n"
    )
    rows = group(answer='{"target": 7}', reward_model={"ground_truth": {"target": 7}})
    assert [v.score for v in judged(rewards.find(str(path)), rows)] == [1.0] * len(rows)


def test_verl_in_batches(tmp_path):
    path = tmp_path / "judge.py"
    path.write_text(
        "def compute_score(data_sources, solution_strs, ground_truths, extra_infos):\n"
        "    rows = zip(solution_strs, ground_truths, extra_infos)\n"
        "    return [{'score': s.endswith(g) / 2, 'acc': s.endswith(g), 'level': e['level']}\n"
        "            for s, g, e in rows]\n"
    )
    judge = rewards.find(str(path))
    assert isinstance(judge, BatchScript)
    found = judged(judge, group())
    right = [reply.endswith("7") for reply in REPLIES]
    assert [v.score for v in found] == [r / 2 for r in right]
    assert [v.correct for v in found] == right and found[0].parts == {"level": 2.0}


def test_what_verl_code_raises_is_a_fault_and_no_zero():
    found = judged(find("verl_style", "compute_score"), group(data_source="elsewhere"))
    assert all(v.fault and "NotImplementedError" in v.note for v in found)


def test_openrlhf():
    direct = load("openrlhf_style", "reward_func")
    judge = rewards.find(str(FOREIGN / "openrlhf_style.py"))
    assert isinstance(judge, BatchScript)
    found = judged(judge, group())
    queries = ["3+4=?" + reply for reply in REPLIES]
    wanted = direct(queries, ["3+4=?"] * 6, ["7"] * 6)
    assert [v.score for v in found] == wanted["rewards"].tolist() == [1, -1, 1, -1, -1, 1]
    assert [v.correct for v in found] == [s == 1 for s in wanted["scores"].tolist()]
    assert found[0].parts == {"response_chars": 7.0, "batch": 6.0, "scores": 1.0}


@pytest.mark.parametrize("prompt", [CHAT, "3+4=?"])
def test_verifiers(prompt):
    direct = load("verifiers_style", "exact_answer")
    parser = load("verifiers_style", "asyncio") and _Parser()
    found = judged(find("verifiers_style", "exact_answer"), group(prompt))
    chats = [[{"role": "assistant", "content": reply}] for reply in REPLIES]
    wanted = [asyncio.run(direct(chat, "7", parser)) for chat in chats]
    assert [v.score for v in found] == wanted == [0, 0, 0, 0, 0, 1]


class _Parser:
    def parse_answer(self, completion):
        return completion[-1]["content"]


def test_verifiers_with_state_over_several_turns():
    judge = find("verifiers_style", "depends_on_state")
    task = group(CHAT).task
    talk = recorded(task=task, turns=("3+4=?", "6", "no", "7"))
    assert [v.score for v in judged(judge, Group.of([talk]))] == [0.5 * 3]


def test_verifiers_one_by_its_class_and_by_a_function():
    found = judged(find("verifiers_one_style", "SumTask"), group())
    exact = [float(reply.endswith("7")) for reply in REPLIES]
    short = [float(len(reply) < 20) for reply in REPLIES]
    wanted = [e + 0.5 * (s + 2) for e, s in zip(exact, short, strict=True)]
    assert [v.score for v in found] == wanted
    assert found[0].parts == {"exact": 1.0, "short": 1.0, "level": 2.0}
    said = judged(find("verifiers_one_style", "answered"), group())
    assert [v.score for v in said] == [1, 1, 1, 1, 0, 1]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("def score(reply, state=None): return 1", Script),
        ("def score(prompt, answer, info): return 1", Script),
        ("def score(prompts, **columns): return [1] * len(prompts)", BatchScript),
        ("from functools import partial\ndef f(completions, n): ...\nscore = partial(f, n=1)", 0),
        ("@__import__('functools').cache\ndef score(reply): return 1", Script),
    ],
)
def test_the_names_tell_the_form(tmp_path, source, kind):
    path = tmp_path / "judge.py"
    path.write_text(source)
    assert isinstance(rewards.find(str(path)), kind or BatchScript)


def test_a_form_can_be_given_instead(tmp_path):
    path = tmp_path / "judge.py"
    path.write_text("def score(prompt, answer): return {'score': prompt[-1]['content'] == '3+4=?'}")
    theirs = Script(path=str(path), form=VerifiersForm())
    assert [v.score for v in judged(theirs, group(CHAT))] == [1.0] * 6
    path.write_text("def score(solution, level): return [float(s) / level[0] for s in solution]")
    columns = BatchScript(path=str(path), form=TrlForm())
    assert [v.score for v in judged(columns, group())] == [3.5] * 6


@pytest.mark.parametrize(
    ("file", "function", "kind", "remedy"),
    [
        ("trl_style", "accuracy_reward", Script, "make it a batch_script"),
        ("verl_style", "compute_score", BatchScript, "make it a script"),
    ],
)
def test_scopes_are_not_mixed_up(file, function, kind, remedy):
    with pytest.raises(UsageError, match=remedy):
        kind(path=str(FOREIGN / f"{file}.py"), function=function)


def test_what_fits_no_form_is_told_them_all(tmp_path):
    path = tmp_path / "judge.py"
    path.write_text("def score(question, response): return 1")
    with pytest.raises(UsageError, match="wants 'question'") as caught:
        rewards.find(str(path))
    told = str(caught.value)
    assert "\n" not in told
    for form in ("whet (", "TRL (", "veRL (", "OpenRLHF (", "verifiers 0 (", "verifiers 1 ("):
        assert form in told


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("def score(completions): return [1.0]", "one number for each of 6"),
        ("def score(completions): return 'good'", "one number for each of 6"),
        ("def score(completions): return ['good'] * 6", "returned 'good'; return finite numbers"),
        (
            "def score(completions, trainer_state): return [trainer_state.epoch] * 6",
            "reads trainer_state.epoch, which is not known here; use trainer_state.global_step",
        ),
        ("def score(queries): return {'score': [1] * 6}", "return a dict with 'rewards'"),
        ("def score(queries): return ['good'] * 6", "return finite numbers"),
        ("def score(solution_strs): return [0.5]", "for each of 6"),
    ],
)
def test_what_a_group_may_not_be_told_is_a_fault(tmp_path, source, complaint):
    path = tmp_path / "judge.py"
    path.write_text(source)
    found = judged(BatchScript(path=str(path), workers=1), group())
    assert all(v.fault and complaint in v.note for v in found)


def test_a_parameter_that_no_row_has_is_refused(tmp_path):
    path = tmp_path / "judge.py"
    path.write_text("def score(completions, colour): return [1.0] * 6")
    with pytest.raises(UsageError, match="wants 'colour'; it can have .*level") as caught:
        judged(BatchScript(path=str(path), workers=1), group())
    assert "\n" not in str(caught.value)


def test_what_hangs_is_a_fault_of_the_whole_group(tmp_path):
    path = tmp_path / "judge.py"
    path.write_text("def score(completions):\n    while True: pass")
    found = judged(BatchScript(path=str(path), limit_s=0.5, workers=1), group())
    assert all(v.fault and "killed after 0.5 s" in v.note for v in found)


def test_an_import_path_leads_to_a_module_of_a_package(tmp_path, monkeypatch):
    package = tmp_path / "team" / "rewards"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("GOLD = '7'\n")
    (package / "sums.py").write_text(
        "from . import GOLD\n\n\nclass Judge:\n    def right(self, reply):\n"
        "        return reply.endswith(GOLD)\n\n\njudge = Judge()\n"
    )
    monkeypatch.chdir(tmp_path)
    judge = rewards.find("team.rewards.sums:judge.right")
    assert [v.correct for v in judged(judge, group())] == [r.endswith("7") for r in REPLIES]
    unused = Script(path="team.rewards.sums", function="judge.right", workers=1)
    (package / "sums.py").write_text("def right(reply): return True\n")
    with pytest.raises(UsageError, match="team.rewards.sums.* has changed"):
        unused.score(group()[0])


def test_no_such_module():
    with pytest.raises(UsageError, match=r"reward 'no\.where' is not there; give a Python file"):
        rewards.find("no.where:score")

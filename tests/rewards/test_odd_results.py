"""What a user's function returns for one odd reply is a fault of it, and does not end a run."""

import asyncio

import pytest
from recorded import recorded

from whet import rewards
from whet.rewards.judging import context_of, verdicts
from whet.types import Group, Reason, Task

ODD = [
    "None", "'good'", "''", "[1.0]", "{}", "{'score': None}", "{'score': '1'}", "{'mark': 1}",
    "{'score': 1, 'correct': 'yes', 'acc': 'yes'}", "float('nan')", "float('inf')", "-float('inf')",
    "10 ** 400", "10 ** 5000", "1j", "object()", "{'score': float('nan')}", "{'score': 10 ** 400}",
    "(1, 2)", "Silent()",
]  # fmt: skip
RAISING = ["1 / 0", "exit()", "open('/no/such/file')", "[][0]", "int('x')", "stop()", "recurse()"]
HELPERS = """
class Silent:
    def __repr__(self): raise RuntimeError("no repr")
def stop(): raise StopIteration
def recurse(): return recurse()
def made(text): return eval(text) if text != 'right' else 1.0
"""
SINGLE = {
    "whet": "def score(reply, answer): return made(reply)",
    "verl": "def compute_score(data_source, solution_str, ground_truth, extra_info=None):\n"
    "    return made(solution_str)",
    "verifiers": "def score(completion, answer, **kwargs): return made(completion[-1]['content'])",
    "trace": "def score(trace): return made(trace.last_reply)",
}
BATCHED = {
    "trl": "def score(completions, **kw):\n    return [made(c) for c in completions]",
    "verl": "def compute_score(data_sources, solution_strs, ground_truths, extra_infos):\n"
    "    return [made(s) for s in solution_strs]",
    "openrlhf": "def reward_func(queries, prompts, labels):\n"
    "    return [made(q[len(p):]) for q, p in zip(queries, prompts)]",
}
NO_OPINION = ("None", "float('nan')")  # of a reply in TRL's form


def built(path, source):
    path.write_text(HELPERS + source)
    return rewards.find(str(path))


def judged(judge, *replies):
    task = Task(id="t", prompt="?", answer="right", info={"data_source": "d"})
    rolled = [recorded(task=task, seed=i, turns=("?", r)) for i, r in enumerate(replies)]
    return asyncio.run(verdicts(Group.of(rolled), judge, context_of(step=50)))


@pytest.mark.parametrize("form", SINGLE)
def test_an_odd_result_is_a_fault_of_its_reply(tmp_path, form):
    first, *found, last = judged(
        built(tmp_path / "judge.py", SINGLE[form]), "right", *ODD, *RAISING, "right"
    )
    assert first.score == last.score == 1
    for odd, verdict in zip([*ODD, *RAISING], found, strict=True):
        assert verdict.fault and verdict.note and "\n" not in verdict.note, odd


@pytest.mark.parametrize("form", BATCHED)
def test_an_odd_result_in_a_list_is_a_fault_of_its_reply(tmp_path, form):
    judge = built(tmp_path / "judge.py", BATCHED[form])
    first, *found, last = judged(judge, "right", *ODD, "right")
    assert first.score == last.score == 1
    for odd, verdict in zip(ODD, found, strict=True):
        if form == "trl" and odd in NO_OPINION:
            assert verdict.reason is Reason.NOT_APPLICABLE and not verdict.fault
        else:
            assert verdict.fault and "judge.py" in verdict.note, odd
    for odd in RAISING:
        assert all(verdict.fault for verdict in judged(judge, "right", odd)), odd


LENGTHS = {
    "trl": "def score(completions, **kw): return eval(completions[0])",
    "verl": "def compute_score(data_sources, solution_strs, ground_truths, extra_infos):\n"
    "    return eval(solution_strs[0])",
    "openrlhf": "def reward_func(queries, prompts, labels): return eval(queries[0][1:])",
}


@pytest.mark.parametrize("form", LENGTHS)
def test_a_list_of_another_length_is_a_fault_of_its_group(tmp_path, form):
    judge = built(tmp_path / "judge.py", LENGTHS[form])
    for returned in ("None", "[]", "[1.0]", "[1.0] * 9", "'abc'", "1.0", "{1: 2}", "object()"):
        found = judged(judge, returned, "right")
        assert all(verdict.fault and "judge.py" in verdict.note for verdict in found), returned


def test_whets_own_errors_in_a_function_are_faults(tmp_path):
    source = "from whet.types import IntegrityError, UsageError\ndef score(reply):\n"
    source += "    if reply != 'right': raise eval(reply)('mine')\n    return 1"
    judge = built(tmp_path / "judge.py", source)
    found = judged(judge, "right", "UsageError", "IntegrityError")
    assert [verdict.fault for verdict in found] == [False, True, True]


def test_a_number_that_is_only_logged_makes_no_fault(tmp_path):
    source = "def score(completions, log_metric=None, log_extra=None, **kw):\n"
    source += "    log_metric('share', float('nan')); log_metric('text', 'x')\n"
    source += "    log_extra('odd', [float('inf'), None, 1.0])\n    return [1.0] * 3"
    found = judged(built(tmp_path / "judge.py", source), *"abc")
    assert [v.score for v in found] == [1.0] * 3 and found[2].parts == {"odd": 1.0}
    source = "def score(reply): return {'score': 1, 'extra': float('nan'), 'kept': 2}"
    [found] = judged(built(tmp_path / "other.py", source), "a")
    assert found.parts == {"kept": 2.0}


def test_a_state_may_be_asked_for_what_it_lacks(tmp_path):
    source = "def score(completions, trainer_state):\n"
    source += "    most = getattr(trainer_state, 'max_steps', 100)\n"
    source += "    return [trainer_state.global_step / most] * len(completions)"
    judge = built(tmp_path / "judge.py", source)
    assert [v.score for v in judged(judge, "a", "b")] == [0.5] * 2

"""What a user's function returns for one odd reply is a fault of it, and does not end a run."""

import asyncio

import pytest
from recorded import recorded

from whet import rewards
from whet.rewards.judging import context_of, verdicts
from whet.types import Group, Reason, Task

ODD = "odd"
REPLIES = ("right", ODD, "wrong")
SINGLE = [
    "None", "'good'", "''", "[1.0]", "{}", "{'score': None}", "{'score': '1'}", "{'acc': True}",
    "{'score': 1, 'correct': 'yes'}", "float('nan')", "float('inf')", "-float('inf')", "10 ** 400",
    "10 ** 5000", "1j", "object()", "{'score': float('nan')}", "{'score': 10 ** 400}", "(1, 2)",
    "1 / 0", "exit()", "open('/no/such/file')", "[][0]", "Silent()", "int('x')", "stop()",
    "recurse()",
]  # fmt: skip
HELPERS = """
class Silent:
    def __repr__(self): raise RuntimeError("no repr")
def stop(): raise StopIteration
def recurse(): return recurse()
"""
FORMS = {
    "whet": "def score(reply, answer): return {odd} if reply == 'odd' else 1.0",
    "verl": "def compute_score(data_source, solution_str, ground_truth, extra_info=None):\n"
    "    return {odd} if solution_str == 'odd' else 1.0",
    "verifiers": "def score(completion, answer, **kwargs):\n"
    "    return {odd} if completion[-1]['content'] == 'odd' else 1.0",
    "trace": "def score(trace): return {odd} if trace.last_reply == 'odd' else 1.0",
}
BATCHED = {
    "trl": "def score(completions, **kw):\n"
    "    return [{odd} if c == 'odd' else 1.0 for c in completions]",
    "verl": "def compute_score(data_sources, solution_strs, ground_truths, extra_infos):\n"
    "    return [{odd} if s == 'odd' else 1.0 for s in solution_strs]",
    "openrlhf": "def reward_func(queries, prompts, labels):\n"
    "    return [{odd} if q.endswith('odd') else 1.0 for q in queries]",
}
RAISING = ("1 / 0", "exit()", "open(", "[][0]", "int('x')", "stop()", "recurse()")
NO_OPINION = ("None", "float('nan')")  # of a reply in TRL's form


def judged(path, source, replies=REPLIES):
    path.write_text(HELPERS + source)
    task = Task(id="t", prompt="?", answer="right", info={"data_source": "d"})
    rolled = [recorded(task=task, seed=i, turns=("?", r)) for i, r in enumerate(replies)]
    judge = rewards.find(str(path))
    return asyncio.run(verdicts(Group.of(rolled), judge, context_of(step=50)))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("odd", SINGLE)
def test_an_odd_result_is_a_fault_of_its_reply(tmp_path, form, odd):
    if form == "trace" and odd == "{'acc': True}":
        pytest.skip("verifiers 1 adds the numbers of a dict")
    found = judged(tmp_path / "judge.py", FORMS[form].format(odd=odd))
    assert [v.fault for v in found] == [False, True, False]
    assert [found[0].score, found[2].score] == [1.0, 1.0]
    assert found[1].note and "\n" not in found[1].note


@pytest.mark.parametrize("form", BATCHED)
@pytest.mark.parametrize("odd", [odd for odd in SINGLE if not odd.startswith(RAISING)])
def test_an_odd_result_in_a_list_is_a_fault_of_its_reply(tmp_path, form, odd):
    found = judged(tmp_path / "judge.py", BATCHED[form].format(odd=odd))
    if form == "trl" and odd in NO_OPINION:
        assert found[1].reason is Reason.NOT_APPLICABLE and not found[1].fault
    else:
        assert [v.fault for v in found] == [False, True, False]
    assert [found[0].score, found[2].score] == [1.0, 1.0]


@pytest.mark.parametrize("form", BATCHED)
@pytest.mark.parametrize("odd", RAISING)
def test_a_call_that_raises_is_a_fault_of_its_group(tmp_path, form, odd):
    odd = "open('/no/such/file')" if odd == "open(" else odd
    found = judged(tmp_path / "judge.py", BATCHED[form].format(odd=odd))
    assert all(v.fault for v in found)


@pytest.mark.parametrize("form", BATCHED)
@pytest.mark.parametrize(
    "returned", ["None", "[]", "[1.0]", "[1.0] * 9", "'abc'", "1.0", "{1: 2}", "object()", "map"]
)
def test_a_list_of_another_length_is_a_fault_of_its_group(tmp_path, form, returned):
    head = BATCHED[form].partition("\n")[0]
    found = judged(tmp_path / "judge.py", f"{head}\n    return {returned}")
    assert all(v.fault and "judge.py" in v.note for v in found)


def test_whets_own_errors_in_a_function_are_faults(tmp_path):
    for name in ("UsageError", "IntegrityError"):
        source = f"from whet.types import {name}\ndef score(reply):\n"
        source += f"    if reply == 'odd': raise {name}('mine')\n    return 1"
        found = judged(tmp_path / f"{name}.py", source)
        assert [v.fault for v in found] == [False, True, False]


def test_a_number_that_is_only_logged_makes_no_fault(tmp_path):
    source = "def score(completions, log_metric=None, log_extra=None, **kw):\n"
    source += "    log_metric('share', float('nan')); log_metric('text', 'x')\n"
    source += "    log_extra('odd', [float('inf'), None, 1.0])\n    return [1.0] * 3"
    found = judged(tmp_path / "judge.py", source)
    assert [v.score for v in found] == [1.0] * 3 and found[2].parts == {"odd": 1.0}
    source = "def score(reply): return {'score': 1, 'extra': float('nan'), 'kept': 2}"
    found = judged(tmp_path / "other.py", source)
    assert found[0].parts == {"kept": 2.0}


def test_a_state_may_be_asked_for_what_it_lacks(tmp_path):
    source = "def score(completions, trainer_state):\n"
    source += "    most = getattr(trainer_state, 'max_steps', 100)\n"
    source += "    return [trainer_state.global_step / most] * len(completions)"
    assert [v.score for v in judged(tmp_path / "judge.py", source)] == [0.5] * 3

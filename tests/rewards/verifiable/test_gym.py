"""reasoning_gym's scorers, kept at arm's length."""

import inspect
import re

import pytest

from whet.rewards.verifiable._gym import RUNNING, harmless
from whet.rewards.verifiable.gym import Gym
from whet.types import Finish, Reason

pytest.importorskip("reasoning_gym")
JUDGE = Gym(workers=1)


def entry(name, index=0):
    return {"gym": {"dataset": name, "size": 10, "seed": 1, "index": index}}


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("3;5;#{answer}", Reason.OK),
        ("<think>#1</think><answer> {answer} </answer>", Reason.OK),
        ("{answer}", Reason.OK),
        ("<answer>{answer} I think</answer>", Reason.WRONG),
        ("#1{answer}", Reason.WRONG),
        ("<answer></answer>", Reason.NO_ANSWER),
        ("", Reason.NO_ANSWER),
        ("<think>{answer}", Reason.NO_ANSWER),
    ],
)
def test_only_full_marks_count(rolled, reply, reason):
    import reasoning_gym

    answer = reasoning_gym.create_dataset("chain_sum", size=10, seed=1)[0]["answer"]
    verdict = JUDGE.score(rolled(reply.format(answer=answer), **entry("chain_sum")))
    assert verdict.reason is reason
    assert verdict.score == float(reason is Reason.OK)


def test_the_scorers_own_number_is_kept(rolled):
    import reasoning_gym

    answer = reasoning_gym.create_dataset("chain_sum", size=10, seed=1)[0]["answer"]
    verdict = JUDGE.score(rolled(f"#{answer} or so", **entry("chain_sum")))
    assert 0 < verdict.parts["raw"] < 1
    assert verdict.score == 0


def test_a_task_of_another_origin_is_a_fault(rolled):
    assert JUDGE.score(rolled("#42")).fault


def test_too_long_and_cut_off(rolled):
    assert JUDGE.score(rolled("9" * 5000, **entry("chain_sum"))).reason is Reason.WRONG
    cut = rolled("", finish=Finish.LENGTH, **entry("chain_sum"))
    assert JUDGE.score(cut).reason is Reason.TRUNCATED


@pytest.mark.parametrize(
    ("answer", "safe"),
    [
        ("3*(8 - 2)/1.5", True),
        ("-sin(x)**2 + log(x)/sqrt(2) + C", True),
        ("[['_', 'Q'], ['Q', '_']]", True),
        ("__import__('os').getpid()", False),
        ("eval('1')", False),
        ("ｅval('1')", False),
        ("[0 for x in (1,)]", False),
    ],
)
def test_what_runs_its_answer_gets_no_names(rolled, answer, safe):
    assert harmless("countdown", answer) is safe
    assert harmless("chain_sum", answer)
    verdict = JUDGE.score(rolled(f"<answer>{answer}</answer>", **entry("countdown")))
    assert (verdict.reason is Reason.UNSAFE) is not safe


def test_the_list_of_scorers_that_run_their_answer_is_complete():
    from reasoning_gym.factory import DATASETS

    runs = re.compile(r"(?:eval|exec|parse_expr|sympify)\((?!\w*(?:entry|metadata|problem))")
    found = {
        name
        for name, (made, _) in DATASETS.items()
        if runs.search(inspect.getsource(made.score_answer))
    }
    assert found <= RUNNING

"""reasoning_gym's scorers, kept at arm's length."""

import inspect
import re

import pytest

from whet.rewards.verifiable.gym import Gym
from whet.rewards.verifiable.gym_scorers import EVALUATING, PARSING, harmless, same, vast
from whet.types import Finish, Reason

pytest.importorskip("reasoning_gym")
JUDGE = Gym(workers=1)


def first(name):
    import reasoning_gym

    return reasoning_gym.create_dataset(name, size=10, seed=1)[0]


def entry(name):
    return {"gym": {"dataset": name, "entry": repr(first(name))}}


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
        ("<think>{answer}", Reason.TRUNCATED),
    ],
)
def test_only_full_marks_count(rolled, reply, reason):
    answer = first("chain_sum")["answer"]
    verdict = JUDGE.score(rolled(reply.format(answer=answer), **entry("chain_sum")))
    assert verdict.reason is reason
    assert verdict.score == float(reason is Reason.OK)


def test_the_scorers_own_number_is_kept(rolled):
    answer = first("chain_sum")["answer"]
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
    ("name", "answer", "safe"),
    [
        ("countdown", "3*(8 - 2)/1.5", True),
        ("simple_integration", "-sin(x)**2 + log(x)/sqrt(2) + C", True),
        ("countdown", "__import__('os').getpid()", False),
        ("countdown", "eval('1')", False),
        ("countdown", "ｅval('1')", False),
        ("countdown", r"S('\145\166\141\154')", False),
        ("countdown", "[0 for x in (1,)]", False),
        ("n_queens", "[['_', 'Q'], ['Q', '_']]", True),
        ("string_insertion", "ABCDEE", True),
        ("string_insertion", "exit()", False),
        ("string_insertion", "[0 for x.__class_getitem__ in [eval]]", False),
        ("chain_sum", "eval('1')", True),
        ("binary_matrix", "9**9**9**9", False),
        ("spiral_matrix", "[0] * 10", False),
        ("n_queens", "1 << 1", False),
    ],
)
def test_what_runs_its_answer_can_call_nothing(rolled, name, answer, safe):
    assert harmless(name, answer) is safe
    verdict = JUDGE.score(rolled(f"<answer>{answer}</answer>", **entry(name)))
    assert (verdict.reason is Reason.UNSAFE) is not safe


@pytest.mark.parametrize("name", sorted(EVALUATING | PARSING))
def test_the_right_answers_of_those_are_harmless(rolled, name):
    import reasoning_gym

    dataset = reasoning_gym.create_dataset(name, size=10, seed=1)
    entries = [dataset[index] for index in range(10)]
    entries = [entry for entry in entries if "Integral" not in entry["answer"]]
    assert entries and all(harmless(name, entry["answer"]) for entry in entries)
    whole = {"dataset": name, "entry": repr(entries[0])}
    assert JUDGE.score(rolled(f"<answer>{entries[0]['answer']}</answer>", gym=whole)).correct


@pytest.mark.parametrize("answer", ["0", "7", "{}", "[1]", '[{"1": 2}]', "nan"])
@pytest.mark.parametrize("name", ["boxnet", "graph_color"])
def test_no_text_makes_a_fault_where_the_data_set_has_no_answer(rolled, name, answer):
    verdict = JUDGE.score(rolled(f"<answer>{answer}</answer>", **entry(name)))
    assert verdict.judged and verdict.score == 0


def test_a_vast_exponent_is_not_written_out(rolled):
    verdict = Gym(limit_s=60.0).score(rolled("<answer>1e999999999</answer>", **entry("coin_flip")))
    assert verdict.reason is Reason.WRONG
    assert vast("3e98765") and same("3E98765", "3e98765")  # hexadecimal


def test_an_integral_is_not_its_own_solution(rolled):
    info = entry("simple_integration")
    integrand = first("simple_integration")["metadata"]["integrand"]
    verdict = JUDGE.score(rolled(f"<answer>Integral({integrand}, X) + C</answer>", **info))
    assert verdict.reason is Reason.UNSAFE


def test_the_list_of_scorers_that_run_their_answer_is_complete():
    from reasoning_gym.factory import DATASETS

    runs = re.compile(r"(?:eval|exec|parse_expr|sympify)\((?!\w*(?:entry|metadata|problem))")
    found = {
        name
        for name, (made, _) in DATASETS.items()
        if runs.search(inspect.getsource(made.score_answer))
    }
    assert found <= EVALUATING | PARSING

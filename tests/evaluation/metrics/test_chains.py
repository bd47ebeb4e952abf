"""Chains of thought: CoT-pass@k, the votes of a judge, its calibration, and the exact check."""

from itertools import product
from random import Random

import numpy as np
import pytest
from problem_records import N, R, W, completions, problem

from whet.data.chains import chain_correct
from whet.data.procedural.chain import Chain
from whet.data.procedural.hanoi import Hanoi
from whet.data.procedural.knights import Knights
from whet.data.procedural.lists import Lists
from whet.data.procedural.lock import Lock
from whet.data.procedural.maze import Maze
from whet.data.procedural.stack import Stack
from whet.evaluation.bounds import exactly
from whet.evaluation.metrics.chain_pass_at_k import mean_chain_given_answer, mean_chain_pass_at_k
from whet.evaluation.metrics.judge_calibration import (
    corrected_prevalence,
    judge_rates,
    mean_corrected_chains,
    rogan_gladen,
)
from whet.evaluation.metrics.judge_votes import (
    RULES,
    all_votes,
    any_vote,
    majority_vote,
    ruled,
)
from whet.evaluation.metrics.pass_at_k import mean_pass_at_k
from whet.types import Task, UsageError

TERNARY = (True, False, None)


def test_the_example_of_the_definition():
    """Of four samples, three answers right, one chain: pass@2 = 1, CoT-pass@2 = 1 − 3/6."""
    held = [problem([R, R, R, W], chain_correct=[R, W, W, R])]
    assert mean_pass_at_k(held, 2).value == 1.0
    assert mean_chain_pass_at_k(held, 2).value == 0.5
    assert mean_chain_given_answer(held).value == pytest.approx(1 / 3)


@pytest.mark.parametrize("k", [1, 2])
def test_it_is_at_most_pass_at_k_for_all_verdicts(k):
    pairs, dice = list(product(TERNARY, repeat=2)), Random(0)
    for rows in [*product(pairs, repeat=2), *(dice.choices(pairs, k=5) for _ in range(60))]:
        held = [problem([a for a, _ in rows], chain_correct=[b for _, b in rows])]
        chain, answer = mean_chain_pass_at_k(held, k), mean_pass_at_k(held, k)
        assert chain.least <= answer.least and chain.most <= answer.most
        if chain.problems and answer.problems:
            assert chain.value <= answer.value


def test_it_rises_with_k():
    held = [problem([R, R, W, R, W], chain_correct=[W, R, W, R, R]), problem([W] * 5, "q")]
    values = [mean_chain_pass_at_k(held, k).value for k in range(1, 6)]
    assert values == sorted(values) and values[0] == pytest.approx(0.2)


def test_a_chain_that_was_not_judged_is_missing_only_where_the_answer_may_be_right():
    vetoed = [problem([R, W, W], chain_correct=[R, N, N])]  # wrong answers are not sent to a judge
    assert mean_chain_pass_at_k(vetoed, 1).exact
    held = [problem([R, R, W], chain_correct=[R, N, N])]
    found = mean_chain_pass_at_k(held, 1)
    assert (found.least, found.value, found.most) == pytest.approx((1 / 3, 1 / 2, 2 / 3))


def test_the_share_of_right_chains_is_over_problems_with_a_right_answer():
    held = [
        problem([R, R, W], chain_correct=[R, W, R]),
        problem([W, W, W], "q", chain_correct=[R, N, N]),
    ]
    found = mean_chain_given_answer(held)
    assert (found.value, found.problems, found.of) == (0.5, 1, 1) and found.exact


def test_the_rules_by_all_votes_of_three():
    for votes in product(TERNARY, repeat=3):
        yes, no = votes.count(True), votes.count(False)
        found = [rule(votes) for rule in (all_votes, majority_vote, any_vote)]
        wanted = [yes == 3, yes > no, yes > 0] if yes + no else [None] * 3
        assert found == wanted
        assert not yes + no or found == sorted(found)  # a band, from strict to lenient
    assert [rule(()) for rule in RULES] == [None] * 3
    assert majority_vote((True, False)) is False  # a tie is no majority


def test_a_metric_by_all_rules_is_a_band():
    votes = [(R, R, W), (R, R, R), (W, N, R), ()]
    held = problem([R, R, R, W])
    found = [mean_chain_pass_at_k([ruled(held, votes, rule)], 1) for rule in RULES]
    assert [one.value for one in found] == [0.25, 0.5, 0.75]
    assert all(one.exact for one in found)
    with pytest.raises(UsageError, match="votes has 2 chains of problem 'p'"):
        ruled(held, votes[:2], any_vote)


def test_the_prevalence_that_the_judge_would_turn_into_what_it_said():
    for truth in (0.0, 0.3, 0.7, 1.0):
        said = 0.9 * truth + 0.2 * (1 - truth)
        assert rogan_gladen(said, 0.9, 0.2) == pytest.approx(truth)
    assert rogan_gladen(0.1, 0.9, 0.2) == 0.0 and rogan_gladen(0.95, 0.9, 0.2) == 1.0


@pytest.mark.parametrize(("tpr", "fpr"), [(0.5, 0.5), (0.4, 0.6), (float("nan"), 0.1)])
def test_a_judge_without_information_is_refused(tpr, fpr):
    with pytest.raises(UsageError, match="TPR"):
        rogan_gladen(0.5, tpr, fpr)
    coin = judge_rates([R, W, R, W], [R, R, W, W])
    for shares in ([exactly(0.5)], []):
        with pytest.raises(UsageError, match="TPR is 0.500 and its FPR 0.500"):
            corrected_prevalence(shares, 4, coin)


def test_the_rates_of_a_judge_by_hand():
    said = [R, R, R, W, N, R, W, W, W]
    found = judge_rates(said, [R] * 5 + [W] * 4)
    assert (found.right_accepted, found.right, found.wrong_accepted, found.wrong) == (3, 4, 1, 4)
    assert (found.tpr.least, found.tpr.value, found.tpr.most) == pytest.approx(
        (3 / 5, 3 / 4, 4 / 5)
    )
    assert found.fpr.exact and found.fpr.value == 0.25
    for right, said_of in ([R, R], "wrong"), ([W, W], "right"):
        with pytest.raises(UsageError, match=f"0 {said_of} chains"):
            judge_rates([R, W], right)


@pytest.mark.parametrize(("truth", "sensitivity", "specificity"), [(0.7, 0.9, 0.8), (0.95, 1, 0.9)])
@pytest.mark.parametrize("chains", [1, 8])
def test_the_interval_covers_the_prevalence(truth, sensitivity, specificity, chains):
    """60 labelled chains of each kind, 120 problems whose prevalences differ; both are drawn."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(300):
        of_right, of_wrong = rng.random(60) < sensitivity, rng.random(60) < 1 - specificity
        rates = judge_rates([*of_right.tolist(), *of_wrong.tolist()], [R] * 60 + [W] * 60)
        prevalence = rng.beta(4 * truth, 4 * (1 - truth), size=(120, 1))
        good = rng.random((120, chains)) < prevalence
        accepted = rng.random((120, chains)) < np.where(good, sensitivity, 1 - specificity)
        shares = [exactly(share) for share in accepted.mean(axis=1).tolist()]
        found = corrected_prevalence(shares, 120 * chains, rates)
        hits += found.low <= truth <= found.high
    assert 0.91 <= hits / 300 <= 0.995


def test_chains_without_a_verdict_widen_the_corrected_interval():
    rates = judge_rates([R] * 90 + [W] * 10 + [R] * 20 + [W] * 80, [R] * 100 + [W] * 100)
    held = [
        problem([R, R, R], f"{at}", chain_correct=[R, W, N if at < 3 else R]) for at in range(20)
    ]
    found = mean_corrected_chains(held, rates)
    every = [mean_corrected_chains(whole, rates) for whole in completions(held, "chain_correct")]
    assert found.least == pytest.approx(min(one.value for one in every))
    assert found.most == pytest.approx(max(one.value for one in every))
    assert found.low <= min(one.low for one in every) + 0.01
    assert found.high >= max(one.high for one in every) - 0.01
    assert not found.exact


FAMILIES = [Chain(), Hanoi(), Knights(), Lists(), Maze(), Stack()]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: type(family).__name__)
def test_a_worked_chain_is_correct_and_a_bare_answer_is_not(family):
    for seed in range(5):
        rng = Random(seed)
        task = family.draw(rng, family.levels[0])
        assert chain_correct(family, task, family.worked(task, rng)) is True
        assert chain_correct(family, task, family.worked(task, rng, 0.0)) is False
        assert chain_correct(family, task, "") is False


def test_an_answer_that_is_its_own_chain_has_steps():
    """The answer of a lock is one pair for each wheel, and every pair is a step."""
    task = Lock().draw(Random(0), 1)
    assert chain_correct(Lock(), task, task.answer) is True
    task = Lock().draw(Random(0), 4)
    assert chain_correct(Lock(), task, task.answer) is False  # right, perhaps by luck
    assert chain_correct(Lock(), task, Lock().worked(task, Random(0))) is True


def test_a_wrong_step_before_a_right_answer():
    """3 + 5 · 2 − 7 from left to right: 8, 16, 9."""
    task = Task(id="t", prompt="3+5*2-7=", answer="9", info={"level": 3})
    family = Chain()
    assert chain_correct(family, task, "8;16;9;#9") is True
    assert chain_correct(family, task, "8;15;9;#9") is False
    assert chain_correct(family, task, "#9") is False


def test_a_bare_answer_counts_at_the_first_level_only():
    steps = "8;#8"
    for level, wanted in ((1, True), (2, False), (None, None)):
        info = {} if level is None else {"level": level}
        task = Task(id="t", prompt="3+5=", answer="8", info=info)
        assert chain_correct(Chain(), task, "#8") is wanted
        assert chain_correct(Chain(), task, steps) is True
        assert chain_correct(Chain(), task, "#7") is False


def test_a_family_without_steps_has_no_opinion():
    assert chain_correct(object(), Task(id="t", prompt="p"), "8;#8") is None

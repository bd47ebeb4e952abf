"""Pass@k, ranks and credit: hand numbers and brute force over all subsets."""

from dataclasses import replace
from itertools import combinations, product
from math import comb

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from whet.policy import algorithms
from whet.policy.credits import Amplified, Credited, StepReturns, TokenCredit
from whet.policy.passk import BestOfGroup, MaxReward, PassAtK, added
from whet.policy.ranks import OverMean, Quantile, Ranked
from whet.types import AdvantageInputs, RunSpec, UsageError


def one_token_each(*rewards, dense=None):
    n = len(rewards)
    return AdvantageInputs(
        reward=torch.tensor(rewards, dtype=torch.float64),
        group=torch.zeros(n, dtype=torch.long),
        row=torch.arange(n),
        dense=None if dense is None else torch.tensor(dense, dtype=torch.float64),
    )


def right_of(n, c):
    return one_token_each(*[1.0] * c, *[0.0] * (n - c))


@pytest.mark.parametrize(
    ("n", "c", "k", "above", "below"),
    [
        (8, 1, 4, 1.0, -0.142857),
        (8, 2, 4, 0.522233, -0.174078),
        (8, 4, 4, 0.120386, -0.120386),
        (8, 6, 4, 0.0, 0.0),
        (4, 1, 2, 1.0, -0.333333),
        (3, 1, 4, 0.0, 0.0),
        (4, 0, 2, 0.0, 0.0),
    ],
)
def test_pass_at_k_by_hand(n, c, k, above, below):
    found = PassAtK(k=k)(right_of(n, c))
    assert found[:c].tolist() == pytest.approx([above] * c, abs=1e-6)
    assert found[c:].tolist() == pytest.approx([below] * (n - c), abs=1e-6)


@pytest.mark.parametrize(("n", "c", "k"), [(8, 2, 4), (6, 3, 2), (5, 1, 3)])
def test_pass_at_k_is_the_mean_over_all_subsets(n, c, k):
    right = [1.0] * c + [0.0] * (n - c)
    groups = list(combinations(range(n), k))
    worth = torch.tensor([max(right[i] for i in g) for g in groups], dtype=torch.float64)
    worth = (worth - worth.mean()) / worth.std(correction=0)
    mine = [[w for g, w in zip(groups, worth.tolist(), strict=True) if i in g] for i in range(n)]
    found = PassAtK(k=k)(one_token_each(*right))
    assert found.tolist() == pytest.approx([sum(m) / len(m) for m in mine])


def test_pkpo_by_hand():
    """(8, 2, 4): a right reply is alone right in C(6, 3) = 20 of the C(8, 4) = 70 sets."""
    found = MaxReward(k=4)(right_of(8, 2))
    assert found.tolist() == pytest.approx([20 / 70] * 2 + [0] * 6)
    assert MaxReward(k=4)(one_token_each(0.3)).tolist() == [0]
    assert MaxReward(k=1)(one_token_each(1.0, 0.0, 0.0)).tolist() == pytest.approx(
        [1 / 3, -1 / 6, -1 / 6]
    )


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=7), st.integers(2, 7))
def test_what_a_reply_adds_to_all_subsets_of_any_rewards(rewards, k):
    k = min(k, len(rewards))
    held = [float(r) for r in rewards]
    groups = list(combinations(range(len(held)), k))

    def gain(i, g):
        return max(held[j] for j in g) - max(held[j] for j in g if j != i)

    brute = [
        sum(gain(i, g) for g in groups if i in g) / comb(len(held), k) for i in range(len(held))
    ]
    assert added(held, k) == pytest.approx(brute)


def gradients(n, k, p=0.3):
    """E[Σ_i Â_i ∂ log π(x_i)/∂p] over all 2^n Bernoulli(p) rewards, and ∂(1 − (1 − p)^k)/∂p."""
    found = 0.0
    for rewards in product([0.0, 1.0], repeat=n):
        chance = p ** sum(rewards) * (1 - p) ** (n - sum(rewards))
        score = torch.tensor([r / p - (1 - r) / (1 - p) for r in rewards], dtype=torch.float64)
        found += chance * (MaxReward(k=k)(one_token_each(*rewards)) * score).sum().item()
    return found, k * (1 - p) ** (k - 1)


@pytest.mark.parametrize(("n", "k"), [(8, 4), (4, 2), (4, 4), (8, 8), (4, 1), (5, 3)])
def test_pkpo_is_unbiased(n, k):
    """A baseline that is made of sets with i in them would be (n − k)/(n − 1) of it."""
    found, true = gradients(n, k)
    assert found == pytest.approx(true, rel=1e-9)


def here(samples, minibatches=2):
    return RunSpec(samples=samples, max_new_tokens=8, steps=1, minibatches=minibatches)


@pytest.mark.parametrize(
    ("part", "samples", "works"),
    [
        (PassAtK(k=4), 4, False),
        (PassAtK(k=4), 5, True),
        (MaxReward(k=4), 3, False),
        (MaxReward(k=4), 4, True),
        (PassAtK(k=4), 0, True),
    ],
)
def test_too_few_samples_are_refused(part, samples, works):
    assert ("k is 4" not in part.run_error(here(samples))) == works


def test_with_k_samples_pass_at_k_teaches_nothing_and_with_one_more_it_does():
    for right in range(5):
        assert not PassAtK(k=4)(right_of(4, right)).any()
    assert PassAtK(k=4)(right_of(5, 1)).any()


def test_a_filter_that_keeps_all_is_doubted():
    assert "gfpo keeps 8" in algorithms.load("gfpo").advantage.run_warning(here(8))
    assert not algorithms.load("gfpo").advantage.run_warning(here(16))


def test_only_the_best_learns():
    assert BestOfGroup()(one_token_each(1.0, 0.2, 0.0)).tolist() == pytest.approx([0.8, 0, 0])
    assert BestOfGroup()(one_token_each(1.0, 1.0, 0.0)).tolist() == [0, 0, 0]


def test_ranks_quantiles_and_means():
    r = one_token_each(1.0, 0.0, 0.0, 1.0)
    assert Ranked()(r).tolist() == [0.25, -0.25, -0.25, 0.25]
    assert Ranked()(one_token_each(5.0, 0.1, 0.2, 0.3)).tolist() == [0.375, -0.375, -0.125, 0.125]
    assert Quantile()(r).tolist() == [1, 0, 0, 1]
    assert Quantile()(one_token_each(1.0, 1.0, 1.0, 0.0)).tolist() == [0, 0, 0, -1]
    assert OverMean()(r).tolist() == [1, -1, -1, 1]
    assert OverMean()(one_token_each(1.0, 0.0, 0.0, 0.0)).tolist() == [3, -1, -1, -1]
    assert OverMean()(one_token_each(0.0, 0.0)).tolist() == [0, 0]


def test_group_baselines_of_one_group():
    """R = 1, 0, 0, 1: sample deviation ±.866, leave-one-out ±.667."""
    r = one_token_each(1.0, 0.0, 0.0, 1.0)
    grpo, rloo = algorithms.load("grpo").advantage(r), algorithms.load("rloo").advantage(r)
    assert grpo.tolist() == pytest.approx([0.866, -0.866, -0.866, 0.866], abs=1e-3)
    assert rloo.tolist() == pytest.approx([2 / 3, -2 / 3, -2 / 3, 2 / 3])


def test_credit():
    r = one_token_each(1.0, 0.0, dense=[0.5, -0.5])
    assert TokenCredit()(r).tolist() == [0.5, -0.5]
    assert Credited(weight=2.0)(r).tolist() == [2, -2]
    assert Amplified()(r).tolist() == pytest.approx([0.6, -0.4])
    with pytest.raises(ValueError, match="reward with credit"):
        TokenCredit()(right_of(2, 1))


def test_step_returns_leave_the_others_out():
    """r_1 = [.2, .4], mean_2 = .1, true leave-one-out: [.1, .3], and from there to go."""
    r = AdvantageInputs(
        reward=torch.zeros(2, dtype=torch.float64),
        group=torch.zeros(2, dtype=torch.long),
        row=torch.tensor([0, 0, 1]),
        dense=torch.tensor([0.2, 0.4, 0.1], dtype=torch.float64),
    )
    assert StepReturns(discount=0.0)(r).tolist() == pytest.approx([0.1, 0.3, -0.2])
    assert StepReturns()(r).tolist() == pytest.approx([0.4, 0.3, -0.2])


@pytest.mark.parametrize("part", [PassAtK, MaxReward])
def test_to_be_asked_never_is_refused(part):
    with pytest.raises(UsageError, match="k is 0; give 1 or more"):
        part(k=0)


def test_a_level_is_a_share():
    with pytest.raises(UsageError, match="quantile.level"):
        Quantile(level=0.0)


@pytest.mark.parametrize(
    ("name", "advantage"),
    [
        ("best_of_group", BestOfGroup),
        ("credit_only", TokenCredit),
        ("credited", Credited),
        ("hicra", Amplified),
        ("max_rl", OverMean),
        ("pass_at_k", PassAtK),
        ("pkpo", MaxReward),
        ("quantile", Quantile),
        ("ranked", Ranked),
        ("stepwise", StepReturns),
    ],
)
def test_but_for_its_advantage_it_is_dapo_with_equal_clips(name, advantage):
    """So DAPO's oracle speaks for its loss, and the numbers above for the rest."""
    algorithm, dapo = algorithms.load(name), algorithms.load("dapo", high=0.2)
    assert isinstance(algorithm.advantage, advantage)
    assert replace(algorithm, advantage=dapo.advantage) == dapo


@pytest.mark.parametrize("name", ["cooper", "covo", "prof"])
def test_but_for_its_company_it_is_grpo(name):
    """So GRPO's oracle speaks for its loss; what the companion does is tested where it lives."""
    algorithm = algorithms.load(name)
    assert len(algorithm.companions) == 1
    assert replace(algorithm, companions=()) == algorithms.load("grpo")

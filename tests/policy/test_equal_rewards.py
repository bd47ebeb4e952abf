"""Equal rewards teach nothing, to the last bit, in the float32 of a run."""

import asyncio
import sys
from dataclasses import replace
from importlib import import_module
from itertools import product
from pathlib import Path

import pytest
import torch
from policy.oracles import DOUBLE, SINGLE
from thinned import thinned

from whet.policy.advantages import Centred, Standardised, Whitened
from whet.policy.algorithms import load
from whet.policy.algorithms.critic_free.cpgd import Rescued
from whet.policy.algorithms.critic_free.gfpo import ByDifficulty
from whet.policy.algorithms.critic_free.kimi import SoftBaseline
from whet.policy.arithmetic import centred, centred_within, difference, level
from whet.policy.objective import BatchLoss, Objective
from whet.policy.passk import BestOfGroup, PassAtK
from whet.policy.ranks import Quantile, Ranked
from whet.registry import names
from whet.rewards.shaping.gdpo import normalised
from whet.rewards.shaping.stratified import rescale
from whet.rollouts.batching import build_batch
from whet.sampling.dynamic.score_spread import ScoreSpread
from whet.types import AdvantageInputs, Group, IntegrityError, Verdict, spread

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
table = import_module("zero_variance")
sys.path.pop(0)

EQUAL = [
    [0.0] * 8,
    [1.0] * 8,
    [0.1] * 3 + [0.1 + 1e-9] * 5,
    [1 / 3] * 5 + [1 - 2 / 3] * 3,
    [1e8] * 7 + [1e8 + 8],  # one unit in the last place of float32
    [-5e8] * 4 + [-5e8 - 32] * 4,
    [1e-30] * 8,
    [3e38] * 8,
]
CASES = [*table.EQUAL.values(), *table.ALMOST.values()]


def of(*rewards, dtype=SINGLE, group=None):
    n = len(rewards)
    return AdvantageInputs(
        reward=torch.tensor(rewards, dtype=dtype),
        group=torch.zeros(n, dtype=torch.long) if group is None else torch.tensor(group),
        row=torch.arange(n),
    )


@pytest.mark.parametrize("name", thinned(table.comparing(), 3))
def test_equal_scores_have_no_advantage_and_are_not_computed(name):
    for scores in CASES:
        objective, batch = table.learned(name, scores)
        assert batch.advantage.tolist() == [0.0] * len(batch.row), scores
        if not any(t.regularisers or _unconditional(t.clipping) for t in objective.terms):
            assert not objective.has_gradient(objective.split(batch.proximal_logp, batch)[1]).any()


def known(reward, group):
    """Columns of rollouts of one token that are no better than expected, by any measure."""
    reward, same = torch.tensor(reward, dtype=SINGLE), torch.zeros(len(reward), dtype=torch.long)
    return AdvantageInputs(
        reward=reward,
        group=torch.tensor(group),
        row=torch.arange(len(reward)),
        correct=reward > 0,
        truncated=same.bool(),
        baseline=reward,
        value=reward,
        dense=torch.zeros_like(reward),
        proximal_logp=-torch.ones_like(reward),
        reference_logp=-torch.ones_like(reward),
        entropy=torch.ones_like(reward),
        collision=torch.ones_like(reward),
        external=same.bool(),
        segment=same,
        state=torch.tensor(group),
        taught=~same.bool(),
        teacher_logp=-torch.ones_like(reward),
    )


def advantage(name, reward, group=None):
    return load(name).advantage(known(reward, group or [0] * len(reward)))


@pytest.mark.parametrize("name", table.comparing())
def test_equal_rewards_of_any_size(name):
    for reward in EQUAL:
        assert advantage(name, reward).tolist() == [0.0] * 8, reward


WITHOUT_A_BASELINE = {
    "dft": "RewardOnly",
    "raft": "RewardOnly",
    "rft": "RewardOnly",
    "sft": "RewardOnly",
    "star": "RewardOnly",
    "topr": "SignedCorrectness",
    "implicit_reward": "SignedCorrectness",
}


def test_what_has_no_baseline_is_what_says_so():
    """The reward or the label is the advantage; the docstrings of these say so."""
    every = {n for n in names("algorithm") if isinstance(load(n), Objective)}
    assert every - set(table.comparing()) == set(WITHOUT_A_BASELINE)
    for name, kind in WITHOUT_A_BASELINE.items():
        assert type(load(name).advantage).__name__ == kind
        assert advantage(name, [1.0, 1.0]).tolist() == [1.0, 1.0]


OVER_THE_BATCH = {"reinforce", "reinforce_pp"}


@pytest.mark.parametrize("name", table.comparing())
def test_only_a_baseline_of_the_batch_compares_groups(name):
    """Three rewards of 1.5 and three of 0, in a group each."""
    found = advantage(name, [1.5] * 3 + [0.0] * 3, [0] * 3 + [1] * 3)
    if name in OVER_THE_BATCH:
        assert (found[:3] > 0).all()
        assert (found[3:] < 0).all()
    else:
        assert found.tolist() == [0.0] * 6


@pytest.mark.parametrize(
    "name", [n for n in sorted(names("algorithm")) if isinstance(load(n), BatchLoss)]
)
def test_a_loss_of_pairs_has_none_among_equals(name):
    """All right or all wrong; only KTO, which has no pairs, teaches then."""
    for score in (2.0, 0.0):
        objective, batch = table.learned(name, [score] * 3)
        gradient = objective.split(batch.proximal_logp, batch)[1].logp_grad
        assert gradient.any() == (name == "kto")


@pytest.mark.parametrize("name", table.comparing())
def test_groups_of_one_and_two(name):
    """A group of one has nothing to compare with; two that differ have finite advantages."""
    assert advantage(name, [0.7]).tolist() == [0.0]
    assert advantage(name, [0.0, 1.0]).isfinite().all()


@pytest.mark.parametrize("name", ["grpo", "rloo", "krpo", "max_rl", "pass_at_k", "lite_ppo"])
def test_all_faults_but_one(name):
    group = table.played([1.0, 1.0, 0.0, 0.0])
    failed = Verdict.unjudged("the judge is down")
    replies = [replace(r, verdict=failed, id="", seal="") for r in group.rollouts[1:]]
    train, _ = asyncio.run(
        build_batch([Group.of([group.rollouts[0], *replies])], load(name), table.still())
    )
    assert len(train.rollouts) == 1
    assert not train.tokens.advantage.any()


@pytest.mark.parametrize("score", [float("nan"), float("inf"), float("-inf")])
def test_a_score_that_is_not_finite_is_refused(score):
    with pytest.raises((IntegrityError, ValueError), match="finite|score"):
        asyncio.run(build_batch([table.played([score, 1.0])], load("grpo"), table.still()))


def _unconditional(clipping):
    return bool(clipping(torch.ones(1), torch.zeros(1)).any())


def test_most_algorithms_compare():
    assert len(table.comparing()) > len(names("algorithm")) / 2


def test_a_group_of_one_ulp_in_float64():
    for advantage in (Centred(), Standardised(), Rescued(), Whitened(inner=Centred())):
        found = advantage(of(0.1 + 0.2, 0.3, 0.3, dtype=DOUBLE))
        assert found.tolist() == [0, 0, 0]


def test_a_level_group_is_not_mixed():
    """Two groups, one of R = .1 four times, one of 0 and 1: G / G_mixed is 2, not 1."""
    found = Rescued(most=4.0)(of(*[0.1] * 4, 0.0, 1.0, dtype=DOUBLE, group=[0] * 4 + [1] * 2))
    assert found.tolist() == [0, 0, 0, 0, -1, 1]


@pytest.mark.parametrize("dtype", [SINGLE, DOUBLE])
def test_ties_are_ties_whatever_their_last_bit(dtype):
    off = 0.3 + (2**-25 if dtype == SINGLE else 2**-54)
    assert torch.tensor(off, dtype=dtype) != torch.tensor(0.3, dtype=dtype)
    near = of(off, 0.3, 0.0, dtype=dtype)
    assert Ranked()(near).tolist() == pytest.approx([1 / 6, 1 / 6, -1 / 3])
    assert Quantile(level=0.5)(near).tolist()[:2] == [0, 0]
    assert BestOfGroup()(near).tolist() == [0, 0, 0]


def test_a_reward_that_is_the_mean_is_not_above_it():
    """0, .1, .2, …, .8: the middle one is the mean, and only the four above it are right."""
    rewards = [k / 10 for k in range(9)]
    assert level(of(*rewards).reward, torch.zeros(9).long()).tolist() == [k == 4 for k in range(9)]
    found = PassAtK(k=2)(of(*rewards))
    assert (found > 0).tolist() == [k > 4 for k in range(9)]


def test_groups_of_equal_means_are_equally_hard():
    """Sums of .1 in another order are the same difficulty: nothing is harder than the quartiles."""
    rewards = [*[0.7, 0.1, 0.3], *[0.3, 0.7, 0.1], *[0.1, 0.3, 0.7]]
    of_three = of(*rewards, dtype=DOUBLE, group=[0, 0, 0, 1, 1, 1, 2, 2, 2])
    assert ByDifficulty(counts=(1, 2, 3, 4))(of_three).tolist() == [1] * 9


def test_a_quantile_is_where_a_hand_counts_it():
    """.7 · 10 is 7.000000000000001: the seventh, not the eighth."""
    rewards = [float(k) for k in range(10)]
    assert Quantile(level=0.7)(of(*rewards, dtype=DOUBLE)).tolist() == [k - 6 for k in range(10)]


def test_a_soft_baseline_of_equals_is_the_reward():
    assert SoftBaseline()(of(*[0.3] * 7, *[0.9] * 5, group=[0] * 7 + [1] * 5)).tolist() == [0] * 12


def test_what_is_small_but_real_still_teaches():
    """Sixteen float32 units apart, and 1 in a million."""
    assert (centred(torch.tensor([0.3, 0.3 + 16 * 2**-25])).apart != 0).all()
    assert centred(torch.tensor([1e6, 1e6 + 1])).apart.tolist() == [-0.5, 0.5]
    assert (difference(torch.tensor([1e-8]), torch.tensor([2e-8])) != 0).all()


@pytest.mark.parametrize("n", [2, 4, 8, 16])
def test_zeros_and_ones_keep_every_bit(n):
    """C of n are right: mean c/n is exact in float32, and so is the distance to it."""
    for c in range(n + 1):
        rewards = torch.tensor([1.0] * c + [0.0] * (n - c))
        wanted = [(1 - c / n) if i < c else -c / n for i in range(n)]
        assert centred_within(rewards, torch.zeros(n).long()).tolist() == wanted


def test_the_spread_of_scores():
    assert spread([]) == 0
    assert spread([0.1 + 0.2, 0.3, 0.3]) == 0
    assert spread([1e6, 1e6 + 1]) == 1
    for a, b in product([0.0, 1e-8, 0.5, 1.0], repeat=2):
        assert spread([a, b]) == abs(a - b)


def test_gate_and_shapers_agree_with_the_advantages():
    """One unit in the last place is no difference; what is real passes."""
    for scores in CASES:
        assert not ScoreSpread()(table.played(scores))
        assert normalised(scores) == [0.0] * len(scores)
        assert {rescale(score, scores) for score in scores} == {0.5}
    assert ScoreSpread()(table.played([0.3, 0.31]))
    assert normalised([1.0, 0.0]) == [1, -1]
    assert rescale(0.25, [0.0, 1.0]) == 0.25

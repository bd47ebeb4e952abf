"""`check_objective` names the laws that applied, why others did not, and what a breach means."""

from dataclasses import dataclass, replace

import pytest
import torch

from whet.policy import algorithms
from whet.policy.advantages import Centred, WrappedAdvantage
from whet.policy.objective import BatchLoss
from whet.policy.preferences import Logistic, PairwiseLoss, SumLogRatio
from whet.protocols.algorithm import Advantage, Aggregation, BatchCriterion
from whet.testing import LAWS, check_objective
from whet.testing.draws import draw, ranked
from whet.types import Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversed(WrappedAdvantage):
    """The sign is wrong."""

    def __call__(self, inputs):
        return -self.inner(inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant(Advantage):
    """Whatever the reward."""

    shift_sensitive = True

    def __call__(self, inputs):
        return torch.ones_like(inputs.reward)[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing(Advantage):
    """No reward is told from another."""

    needs = frozenset({Need.GROUP})

    def __call__(self, inputs):
        return torch.zeros_like(inputs.reward)[inputs.row]


@pytest.mark.parametrize("name", ["grpo", "kimi", "nft", "vapo"])
@pytest.mark.parametrize("change", ["reversed", "constant", "nothing"])
def test_an_advantage_of_the_wrong_sign_and_a_constant_one_are_found(name, change):
    sound = algorithms.load(name)
    broken = {
        "reversed": Reversed(inner=sound.advantage),
        "constant": Constant(),
        "nothing": Nothing(),
    }[change]
    if name == "vapo" and change != "reversed":
        sound = replace(sound, extra=())  # its imitation of correct replies prefers them, too
    with pytest.raises(AssertionError, match="a_step_prefers_better_rewards"):
        check_objective(replace(sound, advantage=broken), examples=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worse(BatchCriterion):
    """A loss of pairs that prefers the wrong reply."""

    needs = PairwiseLoss(score=SumLogRatio(), link=Logistic()).needs

    def __call__(self, learner_logp, batch):
        swapped = replace(batch, correct=batch.correct.logical_not())
        return PairwiseLoss(score=SumLogRatio(), link=Logistic())(learner_logp, swapped)


def test_a_loss_of_the_whole_batch_is_examined_too():
    report = check_objective(algorithms.load("dpo"), examples=4)
    assert set(report.applied) == {
        "micro_batches_add_up",
        "order_is_irrelevant",
        "finite_however_far",
        "equal_rewards_have_no_gradient",
        "a_step_prefers_better_rewards",
        "has_gradient_is_right",
        "equal_leaves_are_one_rollout",
        "it_is_a_value",
    }
    with pytest.raises(AssertionError, match="a_step_prefers_better_rewards"):
        check_objective(BatchLoss(criterion=Worse(), advantage=Centred()), examples=4)


def test_the_report_says_why_a_law_did_not_apply():
    report = check_objective(algorithms.load("hpt"), examples=2)
    assert report.passed
    assert "no case  on_policy_it_is_reinforce: demonstrations are imitated" in str(report)
    assert set(report.applied) | {v.law for v in report.verdicts if v.why_not} == set(LAWS)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanOfSlice(Aggregation):
    """Every slice is divided by its own tokens."""

    def __call__(self, batch):
        return torch.ones_like(batch.advantage) / max(len(batch.row), 1)


def test_a_breach_is_explained():
    broken = replace(algorithms.load("dapo"), aggregation=MeanOfSlice())
    with pytest.raises(AssertionError) as found:
        check_objective(broken, examples=4)
    told = str(found.value)
    assert "breaks 'micro_batches_add_up' (seed 0)" in told
    assert "That means: the loss depends on how a batch is cut" in told
    assert "holds    order_is_irrelevant" in told
    assert "broken   a_token_weighs_the_same_in_every_slice" in told


def test_batches_have_what_is_awkward():
    """Long rollouts, ratios of e^±5, unequal groups, groups of two, rewards of either sign."""
    drawn = [draw(seed) for seed in range(40)]
    moved = torch.cat([d.batch.proximal_logp - d.logp for d in drawn])
    assert moved.max() == pytest.approx(5)
    assert moved.min() == pytest.approx(-5)
    assert max(len(d.batch.row) for d in drawn) > 40
    sizes = {int(n) for d in drawn for n in torch.bincount(d.batch.group)}
    assert {1, 2, 3} <= sizes
    rewards = torch.cat([d.batch.reward for d in drawn])
    assert rewards.min() < 0 < rewards.max()
    assert (rewards % 1 != 0).any()
    assert torch.bincount(ranked(0).inputs.group).tolist() == [9, 2, 4]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_batches_are_of_one_dtype(dtype):
    for seed in range(4):
        batch = draw(seed, dtype=dtype).batch
        held = (batch.advantage, batch.proximal_logp, batch.reward, batch.observed.learner_logp)
        assert {x.dtype for x in held} == {dtype}
        assert ranked(seed, dtype).inputs.reward.dtype == dtype

"""Values on the edge of a case, where a comparison or a bound off by one would show; by hand."""

from dataclasses import replace

import pytest
import torch
from policy.derived import rewarded
from policy.oracles import DOUBLE

from whet.policy.algorithms import load
from whet.policy.algorithms.critic_free.archer import HighEntropyInReply
from whet.policy.algorithms.critic_free.aspo import FlippedWeight
from whet.policy.clipping import DualClipped, GradientPreserving
from whet.types import Batch, UsageError, totals


def one_reply(logp, advantage, **columns):
    row, group = torch.zeros(len(logp), dtype=torch.long), torch.zeros(1, dtype=torch.long)
    at = torch.tensor(logp, dtype=DOUBLE)
    return Batch(
        totals=totals(row, group),
        row=row,
        group=group,
        advantage=torch.full_like(at, advantage),
        behaviour_logp=at,
        proximal_logp=at,
        learner_logp=at,
        **columns,
    )


def test_a_preserved_gradient_at_the_lower_end_is_not_scaled():
    """The ratio 1 − low is inside: f = r Â, and not below · r Â."""
    clip = GradientPreserving(low=0.25, high=0.25, below=0.5, above=0.5)
    ratio, advantage = torch.tensor([0.75, 1.25], dtype=DOUBLE), torch.tensor([-1.0, 1.0])
    assert clip(ratio, advantage.double()).tolist() == [-0.75, 1.25]


def test_a_floor_of_the_dual_clip_may_be_little_above_1():
    assert DualClipped(floor=1.5).floor == 1.5
    with pytest.raises(UsageError, match="floor"):
        DualClipped(floor=1.0)


@pytest.mark.parametrize("advantage", [1.0, -1.0])
def test_a_flipped_weight_at_the_end_of_the_clip_is_not_masked(advantage):
    """The ratio 1 is no more than 1 + 0, and no less than 1 − 0."""
    batch = one_reply([-1.0, -2.0], advantage)
    weight = FlippedWeight(low=0.0, high=0.0).weight(batch.proximal_logp, batch)
    assert weight.tolist() == [1.0, 1.0]


def test_the_quantile_of_entropies_in_a_reply():
    """Of H = 0, …, 4 a quarter is above the quantile .75, which is 3."""
    batch = one_reply([-1.0] * 5, 1.0)
    batch = replace(batch, entropy=torch.arange(5, dtype=DOUBLE))
    chosen = HighEntropyInReply(share=0.25)(batch)
    assert chosen.tolist() == [False, False, False, True, True]


def test_entropic_advantages_do_not_depend_on_the_scale_of_rewards():
    """β takes up the scale, even one of 1e-7."""
    rewards = [1.0, 0.2, 0.1, 0.0]
    small = [1e-7 * reward for reward in rewards]
    one, other = (
        load("entropic").advantage(rewarded(some, [0] * 4, DOUBLE)) for some in (rewards, small)
    )
    torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)

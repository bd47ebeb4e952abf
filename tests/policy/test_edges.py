"""Values on the edge of a case, where a comparison or a bound off by one would show; by hand."""

from dataclasses import replace
from math import exp, log

import pytest
import torch
from policy.derived import rewarded
from policy.oracles import DOUBLE

from whet.policy.aggregation import FixedLength
from whet.policy.algorithms import load
from whet.policy.algorithms.critic_free.archer import HighEntropyInReply
from whet.policy.algorithms.critic_free.aspo import FlippedWeight
from whet.policy.algorithms.off_policy.prefix_rft import PrefixCredit
from whet.policy.clipping import DualClipped, GradientPreserving
from whet.policy.credits import Amplified
from whet.policy.extensions.reference_values import ReferenceValues
from whet.policy.nodes import roots
from whet.policy.passk import MaxReward, PassAtK
from whet.policy.sharing import OncePerRoot
from whet.types import Batch, RunSpec, UsageError, totals
from whet.types.lineage import Parentage


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


@pytest.mark.parametrize("of", [roots, OncePerRoot()])
def test_rollouts_without_a_parent_entry_are_refused(of):
    with pytest.raises(ValueError, match="zip"):
        of(Parentage(ids=("a", "b"), parents=("",), forked_at=(0, 0), lengths=(1, 1)))


def test_rollouts_without_a_length_are_refused():
    with pytest.raises(ValueError, match="zip"):
        OncePerRoot()(Parentage(ids=("a", "b"), parents=("", ""), forked_at=(0, 0), lengths=(1,)))


def spec(**sizes):
    known = {"samples": 8, "max_new_tokens": 64, "steps": 1, "minibatches": 1}
    return RunSpec(**known | sizes)


def test_a_length_that_is_the_limit_of_replies_is_no_warning():
    warnings = [FixedLength(length=n).run_warning(spec(max_new_tokens=10)) for n in (9, 10, 11)]
    assert list(map(bool, warnings)) == [True, False, False]


@pytest.mark.parametrize("part", [PassAtK(k=2), MaxReward(k=2)])
def test_a_single_reply_is_too_few_for_a_set_of_two(part):
    found = [part.run_error(spec(samples=n)) for n in (0, 1, 9)]
    assert list(map(bool, found)) == [False, True, False]


def test_one_reply_left_of_a_group_has_no_advantage_in_sets():
    for k in (1, 2, 4):
        assert MaxReward(k=k)(rewarded([0.7], [0], DOUBLE)).tolist() == [0.0]


def test_a_credit_of_minus_one_marks_a_token_and_zero_none():
    """Â = ½, −½; α |Â| = .2 more where the credit is not 0."""
    dense = torch.tensor([-1.0, 0.0], dtype=DOUBLE)
    found = Amplified(alpha=0.4)(rewarded([1.0, 0.0], [0, 0], DOUBLE, dense=dense))
    assert found.tolist() == pytest.approx([0.7, -0.5])


def test_the_baseline_without_a_prefix_weighs_rollouts():
    """Weights 2, 1: the mean of 1 and 0 is 2/3. The third has a prefix and then none."""
    found = PrefixCredit()(
        rewarded(
            [1.0, 0.0, 1.0],
            [0, 0, 0],
            DOUBLE,
            row=[0, 1, 2, 2],
            tree_weight=torch.tensor([2.0, 1.0, 1.0, 1.0], dtype=DOUBLE),
            external=torch.tensor([False, False, True, False]),
        )
    )
    assert found.tolist() == pytest.approx([1 / 3, -2 / 3, 1 / 3, 1.0])


@pytest.mark.parametrize("beta", [1e-9, 0.5, 1e6, 1e12, 1e300])
def test_a_soft_value_keeps_its_digits_at_any_temperature(beta):
    """Of R = 1, 0, 0, 0: the mean where β is large, and 1 − β log 4 where it is small."""
    expected = {1e-9: 1 - 1e-9 * log(4), 0.5: 0.5 * log((exp(2) + 3) / 4)}.get(beta, 0.25)
    found = ReferenceValues(beta=beta).value([1.0, 0.0, 0.0, 0.0])
    assert found == pytest.approx(expected, rel=1e-6)

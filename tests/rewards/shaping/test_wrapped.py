"""Shapers within rewards that keep scores, and settings that would make every score 0."""

import pytest
from shaped_groups import Heard, Told

from whet.rewards.dense.planning import Planning
from whet.rewards.dense.turn_level import TurnLevel
from whet.rewards.shaping import Weighed
from whet.rewards.shaping.alp import Alp
from whet.rewards.shaping.combined import Combined
from whet.rewards.shaping.linear_length import LinearLength
from whet.rewards.shaping.nesting import UNIT
from whet.rewards.shaping.overlong import Overlong
from whet.rewards.shaping.saturating import Saturating
from whet.rewards.shaping.weighted_sum import WeightedSum
from whet.rewards.unsupervised.noisy import Noisy
from whet.types import UsageError

PART = Weighed(judge=Heard(), weight=0.2)


def test_a_reward_that_is_turned_over_takes_scores_between_0_and_1():
    with pytest.raises(UsageError, match=r"noisy.inner is overlong, whose scores may lie outside"):
        Noisy(inner=Overlong())
    assert Noisy(inner=LinearLength()).ranges == (UNIT, UNIT)


WRAPPERS = {
    "planning": lambda inner: Planning(inner=inner),
    "turn_level": lambda inner: TurnLevel(turn=Heard(), inner=inner),
    "twice": lambda inner: Planning(inner=TurnLevel(turn=Heard(), inner=inner)),
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize(
    "around",
    [
        lambda inner: Alp(inner=inner),
        lambda inner: Combined(inner=inner),
        lambda inner: Saturating(inner=inner, parts=(PART,)),
        lambda inner: Noisy(inner=inner),
        lambda inner: Weighed(judge=inner),
    ],
)
def test_a_shaper_within_another_reward_is_found(wrapper, around):
    """Rewards that add credit keep the score of what is inside them."""
    with pytest.raises(UsageError, match="overlong"):
        around(WRAPPERS[wrapper](Overlong(longest=20, cushion=4)))
    assert around(WRAPPERS[wrapper](Told()))


def test_weights_that_are_all_zero_are_refused():
    with pytest.raises(UsageError, match="every score is 0"):
        WeightedSum(rewards=(Told(), Heard()), weights=(0.0, 0.0))
    assert WeightedSum(rewards=(Told(), Heard()), weights=(0.0, 1.0))

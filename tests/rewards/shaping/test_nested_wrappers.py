"""Shaping rewards inside of rewards that add credit only."""

import pytest
from shaped_groups import Heard, Told

from whet.rewards.dense.planning import Planning
from whet.rewards.dense.turn_level import TurnLevel
from whet.rewards.shaping import Weighed
from whet.rewards.shaping.alp import Alp
from whet.rewards.shaping.combined import Combined
from whet.rewards.shaping.overlong import Overlong
from whet.rewards.shaping.saturating import Saturating
from whet.rewards.shaping.weighted_sum import WeightedSum
from whet.rewards.unsupervised.noisy import Noisy
from whet.types import UsageError

PART = Weighed(judge=Heard())
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

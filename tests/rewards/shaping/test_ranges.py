"""Which scores a shaping reward can give, and that a composition around it knows them."""

from dataclasses import replace

import pytest
from shaped_groups import Heard, R, Row, Seconded, Told, W, found

from whet.rewards.shaping import Range, Weighed
from whet.rewards.shaping.arora_zanette import AroraZanette
from whet.rewards.shaping.combined import Combined
from whet.rewards.shaping.combined_freely import CombinedFreely
from whet.rewards.shaping.difficulty import Difficulty
from whet.rewards.shaping.diversity import Diversity
from whet.rewards.shaping.l1_max import L1Max
from whet.rewards.shaping.laser import Laser
from whet.rewards.shaping.laser_d import LaserD
from whet.rewards.shaping.linear_length import LinearLength
from whet.rewards.shaping.novelty import Novelty
from whet.rewards.shaping.overlong import Overlong
from whet.rewards.shaping.signed import Signed
from whet.rewards.shaping.weighted_sum import WeightedSum
from whet.types import UsageError

PART = Weighed(judge=Heard(), weight=0.2)
GATE = (Seconded(),)
SIZES = ((True, 39, 0.9), (True, 12, 0.2), (False, 36, 0.7), (False, 0, 0.1), (False, 38, 0.3))
MIXED = [Row(right=c, length=n, opinion=m, second=m) for c, n, m in SIZES]


def test_a_shaped_range_can_be_declared():
    ranges = {"right": Range(low=0.5, high=1.0), "wrong": Range(low=-0.5, high=0.0)}
    judge = Combined(inner=Overlong(longest=40, weight=0.5, inner=Told()), **ranges)
    assert None not in found(judge, [replace(R, length=40), replace(W, length=90)])


FIRST_RIGHT = WeightedSum(rewards=(Told(), Heard()))  # ½ + m/2, or m/2


@pytest.mark.parametrize(
    ("inner", "right", "wrong"),
    [
        (AroraZanette(alpha=0.1, inner=Told()), (0.9, 1), (0, 0)),
        (Laser(alpha=0.5, inner=Told()), (1, 1.5), (0, 0)),
        (LaserD(alpha=0.5, inner=Told()), (1, 1.5), (0, 0)),
        (LinearLength(weight=0.1, inner=Told()), (0.9, 1), (0, 0)),
        (L1Max(inner=Told()), (0, 1), (0, 0)),
        (Novelty(inner=Told()), (1, 1.1), (0, 0)),
        (Diversity(inner=Told()), (1, 1.1), (0, 0)),
        (Difficulty(inner=Told()), (0, 1), (0, 0)),
        (Signed(positive=0.1, negative=0.5, inner=Told()), (0.1, 0.1), (-0.5, -0.5)),
        (Combined(parts=(PART,), inner=Told()), (1, 1.2), (0, 0.2)),
        (Combined(gates=GATE, floor=-0.1, inner=Told()), (-0.1, 1), (-0.1, 0)),
        (FIRST_RIGHT, (0.5, 1), (0, 0.5)),
    ],
)
def test_the_known_range_is_the_smallest_that_is_accepted(inner, right, wrong):
    """The known range is the smallest that is accepted, and no reply leaves it."""
    spans = {
        "right": Range(low=right[0], high=right[1]),
        "wrong": Range(low=wrong[0], high=wrong[1]),
    }
    assert None not in found(CombinedFreely(inner=inner, **spans), MIXED)
    for field, span in spans.items():
        shifted = {**spans, field: Range(low=span.low + 0.01, high=span.high + 0.01)}
        with pytest.raises(UsageError, match=rf"scores of {field} replies"):
            CombinedFreely(inner=inner, **shifted)


def test_components_outside_the_unit_interval_are_refused():
    sums = WeightedSum(rewards=(L1Max(), Heard()))
    for bounded in (L1Max(), AroraZanette(), LinearLength(), Difficulty(), Combined(), sums):
        Weighed(judge=bounded)
    Weighed(judge=Signed(negative=0.0))
    for beyond in (
        Overlong(),
        Signed(),
        Novelty(),
        WeightedSum(rewards=(Heard(),), weights=(2.0,)),
    ):
        with pytest.raises(UsageError, match=r"weighed\.judge is .*outside \[0, 1\]"):
            Weighed(judge=beyond)

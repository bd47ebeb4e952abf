"""When two scores are the same number."""

from collections.abc import Sequence

CLOSE = 4
"""Machine epsilons of the largest number: two to four units in its last place."""

_SINGLE = 2.0**-23  # ε of float32, in which rewards are learned from


def spread(values: Sequence[float]) -> float:
    """max(x) − min(x),  exactly 0 where it is at most 4 ε max|x|, the rounding of float32."""
    if not values:
        return 0.0
    low, high = min(values), max(values)
    return 0.0 if high - low <= CLOSE * _SINGLE * max(abs(low), abs(high)) else high - low

"""Equality of scores up to the rounding of float32."""

from collections.abc import Sequence

CLOSE = 4
"""Tolerance in machine epsilons of the largest number: 2 to 4 units in the last place."""

_SINGLE = 2.0**-23  # ε of float32, the precision of reward tensors


def spread(values: Sequence[float]) -> float:
    """max(x) − min(x); exactly 0 where it is at most 4 ε max|x|, the rounding of float32."""
    if not values:
        return 0.0
    low, high = min(values), max(values)
    return 0.0 if high - low <= CLOSE * _SINGLE * max(abs(low), abs(high)) else high - low

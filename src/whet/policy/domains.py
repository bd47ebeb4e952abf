"""Domains of numeric settings, and the refusal of a value outside of them."""

from collections.abc import Callable
from math import inf, isfinite, isnan
from typing import Any, NamedTuple

from whet.types import UsageError


class Domain(NamedTuple):
    """The values that a setting may have, and the remedy for any other one. NaN is in none."""

    holds: Callable[[float], bool]
    remedy: str


NUMBER = Domain(lambda x: not isnan(x), "give a number")
FINITE = Domain(isfinite, "give a finite number")
BOUND = Domain(lambda x: x >= 0, "give 0 or more")  # inf: no bound
CAP = Domain(lambda x: x > 0, "give more than 0")  # inf: no cap
AT_LEAST_0 = Domain(lambda x: 0 <= x < inf, "give a finite number of 0 or more")
POSITIVE = Domain(lambda x: 0 < x < inf, "give a finite number above 0")
SHARE = Domain(lambda x: 0 <= x <= 1, "give a number from 0 to 1")
POSITIVE_SHARE = Domain(lambda x: 0 < x <= 1, "give a number above 0, at most 1")
COUNT = Domain(lambda x: 1 <= x < inf, "give 1 or more")


def check(part: Any, **domains: Domain) -> None:
    """Raises `UsageError` for the first field of a part that is outside its domain."""
    for name, domain in domains.items():
        value = getattr(part, name)
        if not domain.holds(value):
            raise UsageError(f"{type(part).__name__}.{name} is {value}; {domain.remedy}")

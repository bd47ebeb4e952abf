"""Holm's correction for several pre-registered claims."""

from collections.abc import Mapping

from whet.evaluation.statistics.inputs import finite
from whet.types import UsageError


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Step-down adjusted p-values, in the order of the input.

    With p₁ ≤ … ≤ p_m:  adjusted_j = max over i ≤ j of min(1, (m − i + 1) p_i).  Rejecting every
    claim with an adjusted p ≤ α keeps the chance of any false rejection at α or below, however the
    claims depend on each other.  Source: Holm 1979 (from memory).

    Raises `UsageError` without a claim, or for a p outside [0, 1].
    """
    finite(list(p_values.values()), "p_values")
    for name, p in p_values.items():
        if not 0 <= p <= 1:
            raise UsageError(f"p_values[{name}] is {p}; give a number from 0 to 1")
    adjusted, reached = {}, 0.0
    for place, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        reached = max(reached, min(1.0, (len(p_values) - place) * p_values[name]))
        adjusted[name] = reached
    return {name: adjusted[name] for name in p_values}

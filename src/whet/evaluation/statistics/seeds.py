"""Comparisons over training seeds: a seed is the unit, with all its problems."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from whet.evaluation.statistics.inputs import Values, finite, matched, same_names
from whet.evaluation.statistics.student import t_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedTest:
    """The mean paired difference over seeds, with its interval and p-value."""

    effect: float
    low: float
    high: float
    p: float  # Wilcoxon's signed-rank test, two-sided
    smallest_p: float  # that so many seeds can reach
    seeds: int

    def __str__(self) -> str:
        return (
            f"{self.effect:+.3f} [{self.low:+.3f}, {self.high:+.3f}], p {self.p:.3g} "
            f"({self.seeds} seeds reach {self.smallest_p:.3g})"
        )


def seed_differences(
    treatment: Mapping[int, Mapping[str, float]], control: Mapping[int, Mapping[str, float]]
) -> dict[int, float]:
    """Per seed, the mean over problems of the treatment less that of the control.

    Both are seed → problem → value.  Raises `UsageError` where a seed, or a problem of a seed, is
    on one side only: a run that is missing is repeated, never left out.
    """
    same_names(treatment, control, "seeds")
    return {seed: _difference(treatment[seed], control[seed], seed) for seed in sorted(treatment)}


def seed_test(differences: Values) -> SeedTest:
    """Student's interval and the exact Wilcoxon p-value of one paired difference for each seed.

    The interval is for new seeds on the same problems; `crossed` is for new problems, too.

    Raises `UsageError` with fewer than two seeds: one seed has no spread.
    """
    held = finite(differences, "differences", least=2)
    interval = t_interval(held)
    return SeedTest(
        effect=interval.value,
        low=interval.low,
        high=interval.high,
        p=wilcoxon_p(held),
        smallest_p=smallest_p(len(held)),
        seeds=len(held),
    )


def smallest_p(seeds: int) -> float:
    """2 / 2^n, the smallest two-sided p of n signs: .0625 of 5, .03125 of 6, .0078125 of 8."""
    return 2.0 ** (1 - seeds)


def wilcoxon_p(differences: Values) -> float:
    """The two-sided p-value of Wilcoxon's signed-rank test; 1 where all differences are 0.

    It is exact up to 13 differences, and up to 50 where no two sizes are equal and none is 0;
    beyond that it is the normal approximation.  Differences of 0 are left out.  Sizes that differ
    in the 13th digit are equal: they differ by rounding.
    """
    from scipy.stats import wilcoxon  # its import takes half a second

    held = finite(differences, "differences")
    scale = float(np.abs(held).max())
    if not scale:
        return 1.0
    found = cast("Any", wilcoxon(np.round(held / scale, 12)))
    return float(found.pvalue)


def _difference(one: Mapping[str, float], other: Mapping[str, float], seed: int) -> float:
    names = matched(one, other, "problems")
    first = finite([one[name] for name in names], f"treatment[{seed}]")
    second = finite([other[name] for name in names], f"control[{seed}]")
    return float((first - second).mean())

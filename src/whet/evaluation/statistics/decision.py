"""The pre-registered verdict of a study, from the paired differences of its seeds."""

from dataclasses import dataclass
from enum import StrEnum
from math import nan

import numpy as np

from whet.evaluation.statistics.inputs import Values, finite
from whet.evaluation.statistics.power import ALPHA, power_of
from whet.evaluation.statistics.seeds import SeedTest, seed_test
from whet.types import UsageError, spread


class StudyOutcome(StrEnum):
    """What a study says of its claim."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    REVERSED = "reversed"
    INCONCLUSIVE = "inconclusive"


class Claim(StrEnum):
    """The direction that a claim gives to the difference treatment − control."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A verdict and what it rests on; effect and interval are of treatment − control."""

    verdict: StudyOutcome
    effect: float
    low: float
    high: float
    p: float  # exact Wilcoxon, two-sided, not yet corrected for other claims
    power: float  # to find a true difference δ, given the spread of these seeds; NaN at δ = 0
    seeds: int

    def __str__(self) -> str:
        return (
            f"{self.verdict}: {self.effect:+.3f} [{self.low:+.3f}, {self.high:+.3f}], "
            f"p {self.p:.3g}, {self.seeds} seeds, power {self.power:.2f}"
        )


def decide(differences: Values, *, delta: float, claim: Claim, planned: int) -> Decision:
    """The verdict on the claim that the difference is at least δ (the smallest effect of interest).

    The differences are taken in the claimed direction: a LOWER claim has their signs changed.  m is
    their mean, [l, h] Student's 95 % interval over seeds.  The first line that holds is the
    verdict:

    1. inconclusive: all differences are equal, and fewer than 6 seeds have no test at .05;
    2. supported: l > 0, m ≥ δ, and Wilcoxon's p ≤ .05;
    3. reversed: h < 0, and Wilcoxon's p ≤ .05;
    4. refuted: h < δ;
    5. inconclusive.

    So an effect that is there but below δ (l > 0, h < δ) is refuted.  At δ = 0 nothing is refuted
    but by a reversal or by h < 0.  Where six seeds or more are all equal, [l, h] is their value.

    The exact test holds supported and reversed at 2.5 % each where arms are relabelled at random,
    for any distribution.  The interval alone does not: of differences of one size, 7 of 8 with the
    claimed sign exclude 0, in 3.5 % of relabellings.  With 5 seeds or fewer p stays above .05, so
    a claim is refuted or inconclusive.

    Raises `UsageError` with fewer than two seeds, with more or fewer than `planned`, with a
    non-finite difference, and with δ < 0.
    """
    held = finite(differences, "differences", least=2)
    if len(held) != planned:
        raise UsageError(
            f"differences has {len(held)} seeds, planned is {planned}; run all of them"
        )
    if not 0 <= delta < float("inf"):
        raise UsageError(f"delta is {delta}; give the smallest effect of interest, 0 or more")
    found = seed_test(held)
    return Decision(
        verdict=_verdict(held, found, delta, claim),
        effect=found.effect,
        low=found.low,
        high=found.high,
        p=found.p,
        power=_power(held, delta) if found.smallest_p <= ALPHA or not delta else 0.0,
        seeds=found.seeds,
    )


def _verdict(held: np.ndarray, found: SeedTest, delta: float, claim: Claim) -> StudyOutcome:
    mean, low, high = found.effect, found.low, found.high
    if claim is Claim.LOWER:
        mean, low, high = -mean, -high, -low
    if found.smallest_p > ALPHA and not spread(held.tolist()):
        return StudyOutcome.INCONCLUSIVE
    significant = found.p <= ALPHA
    if significant and low > 0 and mean >= delta:
        return StudyOutcome.SUPPORTED
    if significant and high < 0:
        return StudyOutcome.REVERSED
    return StudyOutcome.REFUTED if high < delta else StudyOutcome.INCONCLUSIVE


def _power(held: np.ndarray, delta: float) -> float:
    if not delta:
        return nan
    deviation = float(held.std(ddof=1))
    return power_of(delta / deviation, len(held)) if spread(held.tolist()) else 1.0

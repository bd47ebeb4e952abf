"""Are two things equal up to a margin?  Two one-sided tests (TOST)."""

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

import numpy as np

from whet.evaluation.statistics.inputs import Values, finite, positive
from whet.evaluation.statistics.power import ALPHA


class Equality(StrEnum):
    """The verdict on a claim of equality up to a margin."""

    EQUIVALENT = "equivalent"
    NOT_SHOWN = "not shown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalence:
    """The verdict, the mean difference, and the 90 % interval that has to lie within ± margin."""

    verdict: Equality
    effect: float
    low: float
    high: float
    margin: float
    p: float  # the larger one of the two one-sided tests
    units: int

    def __str__(self) -> str:
        return (
            f"{self.verdict}: {self.effect:+.3f}, 90 % [{self.low:+.3f}, {self.high:+.3f}] "
            f"within ± {self.margin:g}, p {self.p:.3g}"
        )


def equivalence(differences: Values, *, margin: float) -> Equivalence:
    """The paired differences' mean lies within ± margin: two one-sided t-tests at α = .05.

    p = max(P(T > (m + margin) / e), P(T > (margin − m) / e)),  e = s / √n,  T with n − 1 degrees.

    p < .05 where, and only where, the 90 % interval lies within the margin.  The margin is declared
    before the data are seen.  Where all n differences are equal, e is 0 and says nothing: p is then
    2^−n within the margin, that of n equal signs, and 1 elsewhere.  Source: Schuirmann 1987 (from
    memory).

    Raises `UsageError` with fewer than two differences, or a margin that is not above 0.
    """
    from scipy.stats import t  # its import takes half a second

    held = np.sort(finite(differences, "differences", least=2))
    positive(margin, "margin")
    count, effect = len(held), float(held.mean())
    half = 0.0
    if held[0] == held[-1]:
        p = 2.0**-count if abs(held[0]) < margin else 1.0
    else:
        error = float(held.std(ddof=1)) / sqrt(count)
        half = float(t.isf(ALPHA, count - 1)) * error
        p = float(t.sf((margin - abs(effect)) / error, count - 1))
    return Equivalence(
        verdict=Equality.EQUIVALENT if p < ALPHA else Equality.NOT_SHOWN,
        effect=effect,
        low=effect - half,
        high=effect + half,
        margin=margin,
        p=p,
        units=count,
    )

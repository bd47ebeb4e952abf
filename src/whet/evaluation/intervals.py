"""Confidence intervals of a mean over problems, also where verdicts are missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from whet.evaluation.bounds import Bounds, exactly
from whet.evaluation.statistics.bootstrap import bootstrap
from whet.evaluation.statistics.inputs import finite
from whet.evaluation.statistics.interval import Interval
from whet.evaluation.statistics.proportions import unseen, wilson
from whet.evaluation.statistics.student import logit_t
from whet.types import spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean over problems and its 95% interval; NaN where no problem is known."""

    value: float
    low: float
    high: float
    problems: int  # known ones, the n of "n of N problems"
    of: int  # problems that were asked: N
    least: float  # the mean if every missing verdict counted as wrong
    most: float  # the mean if every missing verdict counted as right

    @property
    def exact(self) -> bool:
        """Whether no verdict is missing that could change the value."""
        return self.problems == self.of and self.least == self.most

    def said(self, unit: str) -> str:
        """Value and interval, and how many of the units are known where some are not."""
        known = "" if self.problems == self.of else f", {self.problems} of {self.of} {unit}"
        if not self.problems:
            return f"–{known}"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]{known}"

    def __str__(self) -> str:
        return self.said("problems")


def estimate(per_problem: Sequence[float], *, seed: int = 0) -> Estimate:
    """The mean over problems with its 95% interval; NaN over nothing.

    A problem is the unit, with all its samples.  The interval is, by what the values are:

    - all 0 or 1: Wilson's interval of a proportion;
    - all equal to c: [c − u (c − a), c + u (b − c)], where u is the upper end of Wilson's interval
      of 0 in n, the share that values not yet seen may have, and a = min(0, c), b = max(1, c) are
      how far out those may lie.  At c = 0 and c = 1 this is Wilson's interval;
    - otherwise, from 0 to 1: Student's interval on the logit scale (`logit_t`);
    - otherwise the bootstrap over problems (`bootstrap`), drawn from `seed`.

    Measured coverage (2000 trials each, beta-distributed difficulty, 1, 8 and 64 samples): .933 to
    .962 at 100 and 500 problems where the mean is .1 to .5, and .932 to .968 at 30.  Where it is
    .02 or .98 the interval is too short for few problems: .82 to .98 at 30, .90 to .96 at 100, .94
    to .97 at 500.
    """
    return estimate_within([exactly(value) for value in per_problem], seed=seed)


def estimate_within(problems: Sequence[Bounds], *, seed: int = 0) -> Estimate:
    """The mean over N problems, where missing verdicts leave a range of some of them.

    Without an assumption on why verdicts are missing, the mean of all N is only known to lie in
    [L, H]: L = Σ least / N, every missing verdict wrong, and H = Σ most / N, every one right.
    These are the worst-case bounds of a mean with missing outcomes (Manski 1989, "Anatomy of the
    Selection Problem"; Horowitz and Manski 2000).

    The value is the mean over the problems with a value, moved to the nearer end where it lies
    outside [L, H].  So no missing verdict moves it to where no completion could be, and one
    that could change it always shows: in n < N, or in L < H.

    The interval is the hull of the intervals of `least` and of `most`: the error of sampling on
    both sides of what is unknown.
    """
    known = [p.value for p in problems if isfinite(p.value)]
    least, most = [p.least for p in problems], [p.most for p in problems]
    return estimate_between(known, least, most, of=len(problems), seed=seed)


def estimate_between(
    known: Sequence[float],
    least: Sequence[float],
    most: Sequence[float],
    *,
    of: int,
    seed: int = 0,
) -> Estimate:
    """The mean of known values, and its interval from two completions: `least` and `most`."""
    ends = {"least": _mean(least), "most": _mean(most)}
    if not known:
        return Estimate(value=nan, low=nan, high=nan, problems=0, of=of, **ends)
    value = min(max(_mean(known), ends["least"]), ends["most"])
    below = _interval(least, seed)
    above = below if list(least) == list(most) else _interval(most, seed)
    low, high = min(below.low, above.low), max(below.high, above.high)
    return Estimate(value=value, low=low, high=high, problems=len(known), of=of, **ends)


def _mean(values: Sequence[float]) -> float:
    return float(np.sort(values).mean()) if values else nan


def _interval(per_problem: Sequence[float], seed: int) -> Interval:
    values = np.sort(finite(per_problem, "per_problem"))
    count, mean = len(values), float(values.mean())
    if np.isin(values, (0.0, 1.0)).all():
        return wilson(int(values.sum()), count)
    if not spread(values.tolist()):
        return unseen(mean, count, least=min(0.0, mean), most=max(1.0, mean))
    if values[0] >= 0 and values[-1] <= 1:
        return logit_t(values)
    return bootstrap(values, seed=seed)

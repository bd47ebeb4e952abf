"""How many tokens runs take to reach an accuracy, where some never do."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, nan

import numpy as np

from whet.evaluation.statistics.inputs import Values, finite, positive
from whet.evaluation.statistics.learning_curve import curve
from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """When a run reached the threshold, or how far it came without."""

    tokens: float
    censored: bool  # the run ended below the threshold, at `tokens`


@dataclass(frozen=True, slots=True, kw_only=True)
class Survival:
    """Tokens to a threshold over runs, by the Kaplan-Meier estimate."""

    mean: float  # of min(tokens, budget)
    median: float  # NaN where half of the runs did not reach it
    reached: int
    of: int
    budget: float

    def __str__(self) -> str:
        return (
            f"{self.mean:.4g} tokens on average up to {self.budget:.4g}, "
            f"{self.reached} of {self.of} runs reached it"
        )


def tokens_to(tokens: Values, accuracies: Values, *, threshold: float) -> Reached:
    """The tokens of the first evaluation at or above the threshold; else the last, censored."""
    times, heights = curve(tokens, accuracies)
    finite([threshold], "threshold")
    above = np.flatnonzero(heights >= threshold)
    place = int(above[0]) if len(above) else -1
    return Reached(tokens=float(times[place]), censored=not len(above))


def survival(runs: Sequence[Reached], *, budget: float) -> Survival:
    """The restricted mean ∫₀^B S(t) dt, with S the Kaplan-Meier estimate of P(tokens > t).

    Where every run that did not reach the threshold was trained for B tokens or more, it is the
    mean of min(tokens, B); these numbers can then be compared seed by seed with `seed_test`.

    Raises `UsageError` without runs, and where S is not known up to B: the run that lasted longest
    was censored before.
    """
    from scipy.stats import CensoredData, ecdf  # its import takes half a second

    positive(budget, "budget")
    times = finite([run.tokens for run in runs], "runs")
    censored = np.array([run.censored for run in runs])
    last = times.max()
    if last < budget and censored[times == last].any():
        raise UsageError(f"budget is {budget:g}, but a run ended at {last:g}; give that or less")
    curve_of = ecdf(CensoredData(uncensored=times[~censored], right=times[censored])).sf
    return Survival(
        mean=_area(curve_of.quantiles, curve_of.probabilities, budget),
        median=_median(curve_of.quantiles, curve_of.probabilities),
        reached=int((~censored & (times <= budget)).sum()),
        of=len(runs),
        budget=budget,
    )


def _area(times: np.ndarray, shares: np.ndarray, budget: float) -> float:
    """Of the steps: 1 before the first time, then each share until the next time."""
    ends = np.minimum(np.append(times, inf), budget)
    starts = np.concatenate(([0.0], ends[:-1]))
    return float(((ends - starts) * np.append(1.0, shares)).sum())


def _median(times: np.ndarray, shares: np.ndarray) -> float:
    below = np.flatnonzero(2 * shares <= 1)
    return float(times[below[0]]) if len(below) else nan

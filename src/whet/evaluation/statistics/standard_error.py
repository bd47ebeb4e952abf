"""The analytic standard error of a mean over problems, and what part of it is sampling."""

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from whet.evaluation.statistics.inputs import Rows, enough, finite


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardError:
    """The error of a mean over problems, and the two variances that it is made of."""

    error: float
    between: float  # the variance of the true means over problems; below 0 by chance: then about 0
    within: float  # the variance of a problem's mean by its samples; NaN where one has one sample
    problems: int

    def with_samples(self, ratio: float) -> float:
        """The error if every problem had `ratio` times as many samples."""
        return sqrt(max(0.0, self.between + self.within / ratio) / self.problems)


def standard_error(problems: Rows) -> StandardError:
    """√(Var(m) / P) of the problems' means m, with the decomposition of Var(m).

        within = mean of s² / n,   between = Var(m) − within,

    where s² is the variance of a problem's n samples with n − 1.  Of right and wrong samples,
    s² / n = c (1 − c) / (n − 1) for the share c of right ones.  The error holds both parts: more
    samples of a problem reduce the second only.

    Raises `UsageError` with fewer than two problems, or without samples of one.
    """
    enough(len(problems), "problems")
    held = [finite(samples, f"problems[{i}]") for i, samples in enumerate(problems)]
    total = float(np.var([samples.mean() for samples in held], ddof=1))
    noise = [s.var(ddof=1) / len(s) if len(s) > 1 else nan for s in held]
    inside = float(np.mean(noise))
    return StandardError(
        error=sqrt(total / len(held)), between=total - inside, within=inside, problems=len(held)
    )

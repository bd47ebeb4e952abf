"""Statistics of the rewards of an evaluation, apart from correctness."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan
from statistics import fmean, stdev

from whet.evaluation.intervals import Estimate, estimate
from whet.types import Rollout


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewards:
    """The rewards of samples: `Verdict.score`, on the judge's own scale; faults are left out."""

    mean: Estimate  # over problems, of each problem's mean over its samples
    std: float  # over all samples, with n − 1; NaN with fewer than two
    std_within: float  # the same within a problem, mean over problems with two samples or more
    graded: float  # share of samples with a score that is neither 0 nor 1
    samples: int  # that were judged
    repeated: int  # problems with two judged samples or more


def rewards(problems: Sequence[Iterable[Rollout]]) -> Rewards:
    """The statistics over the judged samples; a problem without one is left out."""
    found = [scores for problem in problems if (scores := judged(problem))]
    everything = [score for scores in found for score in scores]
    return Rewards(
        mean=estimate([fmean(scores) for scores in found]),
        std=std(everything),
        std_within=std_within(found),
        graded=graded(everything),
        samples=len(everything),
        repeated=sum(len(scores) > 1 for scores in found),
    )


def judged(rollouts: Iterable[Rollout]) -> list[float]:
    """The scores of the samples that have one."""
    return [r.score for r in rollouts if r.verdict is not None and r.score is not None]


def std(scores: Sequence[float]) -> float:
    """√(Σ (x − mean)² / (n − 1)), as GRPO divides by it; NaN with fewer than two."""
    return stdev(scores) if len(scores) > 1 else nan


def std_within(groups: Sequence[Sequence[float]]) -> float:
    """The mean of `std` over groups of two or more; NaN without any."""
    spreads = [stdev(scores) for scores in groups if len(scores) > 1]
    return fmean(spreads) if spreads else nan


def graded(scores: Sequence[float]) -> float:
    """The share that is neither 0 nor 1; NaN over nothing."""
    return fmean(score not in (0.0, 1.0) for score in scores) if scores else nan

"""Statistics of the rewards of an evaluation, apart from correctness."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan
from statistics import fmean, stdev

from whet.evaluation.bounds import mean_bounds
from whet.evaluation.intervals import Estimate, estimate_within
from whet.evaluation.samples import Sample
from whet.types import UsageError

_MOST = 1e100  # of a score, on either side of 0: sums of squares stay finite


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRange:
    """The least and the largest reward that a missing verdict can stand for."""

    least: float
    most: float
    assumed: bool  # the rewards are graded, and these are the ends of the observed ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewards:
    """The rewards of samples: `Verdict.score`, on the judge's own scale."""

    mean: Estimate  # over problems, of each problem's mean over its samples
    std: float  # over the judged samples, with n − 1; NaN with fewer than two
    std_within: float  # the same within a problem, mean over problems with two samples or more
    graded: float  # share of judged samples with a score that is neither 0 nor 1
    samples: int  # that were judged
    asked: int  # samples of all problems that the reward covers
    repeated: int  # problems with two judged samples or more
    limits: ScoreRange


def limits_of(replies: Iterable[Sample]) -> ScoreRange:
    """0 and 1 if all rewards are 0 or 1; else, their range being unknown, the observed ends.

    NaN without any reward.
    """
    scores = judged(replies)
    if not scores:
        return ScoreRange(least=nan, most=nan, assumed=False)
    if not graded(scores):
        return ScoreRange(least=0.0, most=1.0, assumed=False)
    return ScoreRange(least=min(scores), most=max(scores), assumed=True)


def rewards(problems: Sequence[Sequence[Sample]], limits: ScoreRange) -> Rewards:
    """The statistics over the judged samples; a missing score is anywhere within `limits`."""
    apart = [judged(problem) for problem in problems]
    asked = [len(problem) for problem in problems]
    everything = [score for scores in apart for score in scores]
    found = [
        mean_bounds(scores, count - len(scores), limits.least, limits.most)
        for scores, count in zip(apart, asked, strict=True)
    ]
    return Rewards(
        mean=estimate_within(found),
        std=std(everything),
        std_within=std_within(apart),
        graded=graded(everything),
        samples=len(everything),
        asked=sum(asked),
        repeated=sum(len(scores) > 1 for scores in apart),
        limits=limits,
    )


def judged(samples: Iterable[Sample]) -> list[float]:
    """The scores of the samples that have one.

    Raises `UsageError` for a score whose square, or the sum of many, would be no finite number.
    """
    held = [sample for sample in samples if sample.judged]
    for sample in held:
        if abs(sample.score) > _MOST:
            raise UsageError(
                f"problem {sample.problem!r:.60}, sample {sample.index}: score is {sample.score}; "
                f"give a reward between −{_MOST:g} and {_MOST:g}"
            )
    return [sample.score for sample in held]


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

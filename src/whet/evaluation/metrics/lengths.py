"""Lengths of right and wrong replies by difficulty, and the share that was cut off."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, nan
from statistics import fmean

from whet.evaluation.bounds import Bounds, exactly
from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.binning import equal_mass
from whet.evaluation.metrics.estimates import (
    Right,
    answer_right,
    answer_wrong,
    covered,
    mean_over,
)
from whet.evaluation.samples import Problem
from whet.types import UsageError

_QUARTILES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """Tokens of the replies to the problems of one quartile of difficulty.

    Each is a mean over the problems with such replies, of a problem's mean.
    """

    problems: int
    easiest: float  # the range of their difficulties
    hardest: float
    right: Estimate
    wrong: Estimate


def lengths_by_difficulty(
    problems: Sequence[Problem], difficulty: Sequence[float]
) -> tuple[Lengths, ...]:
    """Lengths by quartile of difficulty, the easiest first; fewer where difficulties are equal.

    A change of the mean length may be all from wrong replies, or from hard problems: apart, it
    shows.  `difficulty` rises from easy to hard.  It is best of another model, such as the one
    before training: `difficulties` of the same samples are made of the verdicts that they part.

    A missing verdict: a reply may be among the right ones or not, and both ends are met.  Raises
    `UsageError` unless every problem has a finite difficulty.
    """
    if len(difficulty) != len(problems):
        raise UsageError(
            f"difficulty has {len(difficulty)} numbers for {len(problems)} problems; give one each"
        )
    pairs = zip(problems, difficulty, strict=True)
    held = [(problem, hard) for problem, hard in pairs if covered(problem)]
    places = equal_mass([hard for _, hard in held], _QUARTILES).tolist()
    parts = [
        [pair for pair, place in zip(held, places, strict=True) if place == quartile]
        for quartile in range(max(places, default=-1) + 1)
    ]
    return tuple(map(_lengths, parts))


def difficulties(problems: Sequence[Problem]) -> list[float]:
    """1 − the share right of the judged samples; NaN without any."""
    judged = [len(problem.samples) - problem.missing for problem in problems]
    pairs = zip(problems, judged, strict=True)
    return [1 - problem.right / count if count else nan for problem, count in pairs]


def mean_truncated(problems: Sequence[Problem]) -> Estimate:
    """The share of replies that a limit of tokens cut off."""

    def bounds(problem: Problem) -> Bounds | None:
        cut = [float(sample.finish.truncated) for sample in problem.samples]
        return exactly(fmean(cut)) if cut else None

    return mean_over(problems, bounds)


def mean_right_length(problems: Sequence[Problem]) -> Estimate:
    """The mean number of tokens of a problem's right replies."""
    return mean_over(problems, lambda problem: _mean(problem, answer_right))


def mean_wrong_length(problems: Sequence[Problem]) -> Estimate:
    """The mean number of tokens of a problem's wrong replies."""
    return mean_over(problems, lambda problem: _mean(problem, answer_wrong))


def subset_mean_bounds(inside: Sequence[float], perhaps: Sequence[float]) -> Bounds | None:
    """The mean of some numbers, to which any of others may belong; None without numbers.

    The least mean is that with the smallest of the others, as long as each lowers it; the most that
    with the largest.  Both ends are met.  Without a number that belongs, the value is NaN.
    """
    if not inside and not perhaps:
        return None
    value = fmean(inside) if inside else nan
    return Bounds(
        value, -_largest([-x for x in inside], [-x for x in perhaps]), _largest(inside, perhaps)
    )


def _largest(inside: Sequence[float], perhaps: Sequence[float]) -> float:
    total, count = fsum(inside), len(inside)
    for number in sorted(perhaps, reverse=True):
        if count and number * count <= total:
            break
        total, count = total + number, count + 1
    return total / count


def _lengths(pairs: Sequence[tuple[Problem, float]]) -> Lengths:
    problems, hard = [problem for problem, _ in pairs], [difficulty for _, difficulty in pairs]
    return Lengths(
        problems=len(problems),
        easiest=min(hard),
        hardest=max(hard),
        right=mean_right_length(problems),
        wrong=mean_wrong_length(problems),
    )


def _mean(problem: Problem, belongs: Right) -> Bounds | None:
    inside = [float(s.length) for s in problem.samples if belongs(s) is True]
    perhaps = [float(s.length) for s in problem.samples if belongs(s) is None]
    return subset_mean_bounds(inside, perhaps)

"""A number for each sample beside its record: a scorer's value, or a confidence."""

from collections.abc import Callable, Sequence
from math import isinf, nan

from whet.evaluation.metrics.answer_classes import Same, answer_classes, equal
from whet.evaluation.metrics.estimates import covered
from whet.evaluation.samples import Problem, Sample
from whet.types import UsageError

Columns = Sequence[Sequence[float]]
"""Per problem, a number for each of its samples in their order; NaN: there is none."""


def column(problems: Sequence[Problem], read: Callable[[Sample], float]) -> Columns:
    """A number read from each record, as `lambda sample: sample.confidence`."""
    return [[read(sample) for sample in problem.samples] for problem in problems]


def vote_shares(problems: Sequence[Problem], same: Same = equal) -> Columns:
    """The share of a problem's samples with the same answer; NaN without an answer.

    As a confidence it is the answer's frequency among n samples, its own among them.
    """
    return [_shares(problem, same) for problem in problems]


def paired(problems: Sequence[Problem], columns: Columns) -> list[tuple[Problem, Sequence[float]]]:
    """The problems that the reward covers, each with its numbers.

    Raises `UsageError` where the counts differ, or a number is infinite.
    """
    if len(columns) != len(problems):
        raise UsageError(
            f"the column has {len(columns)} problems, the record {len(problems)}; give one row each"
        )
    for problem, numbers in zip(problems, columns, strict=True):
        if len(numbers) != len(problem.samples):
            raise UsageError(
                f"the column of problem {problem.name!r} has {len(numbers)} numbers for "
                f"{len(problem.samples)} samples; give one each"
            )
        if any(map(isinf, numbers)):
            raise UsageError(
                f"the column of problem {problem.name!r} has an infinite number; give finite ones, "
                "or NaN for none"
            )
    pairs = zip(problems, columns, strict=True)
    return [(problem, numbers) for problem, numbers in pairs if covered(problem)]


def _shares(problem: Problem, same: Same) -> list[float]:
    places = answer_classes([sample.extracted for sample in problem.samples], same)
    return [nan if at is None else places.count(at) / len(places) for at in places]

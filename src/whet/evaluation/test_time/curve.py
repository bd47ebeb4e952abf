"""Accuracy against all decoded tokens, as a function of recorded samples."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.estimates import asked
from whet.evaluation.samples import Sample, problems_of
from whet.evaluation.test_time.strategy import TestTime
from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A strategy with k attempts a problem: its accuracy, and what it takes."""

    strategy: str
    k: int
    accuracy: Estimate
    tokens: Estimate  # decoded a problem, whatever became of them
    samples: int  # recorded attempts that it is computed from
    truncated: int  # of them, cut off at a limit
    faults: int  # of them, without a verdict because something failed: the interval is wider


def points(
    samples: Sequence[Sample], strategies: Sequence[TestTime], ks: Sequence[int] = ()
) -> list[Point]:
    """The points of all strategies, from the rows of one evaluation.

    By default the k are those of the choice.  Raises `UsageError` for a strategy without rows, and
    for one that needs scores where the rows have none.
    """
    return [point for one in strategies for point in _curve(samples, one, ks)]


def _curve(samples: Sequence[Sample], strategy: TestTime, ks: Sequence[int]) -> list[Point]:
    attempt, choice = strategy.attempt, strategy.choice
    named = "" if attempt.samples else attempt.label
    rows = [s for s in samples if s.strategy == named and not s.greedy]
    if not rows:
        raise UsageError(
            f"test_time {strategy.label} has no row in these samples; run it with this strategy"
        )
    if choice.scored and not any(row.selection == row.selection for row in rows):
        raise UsageError(
            f"test_time {strategy.label} needs a selection for each sample, but no row has one; "
            "give --step-model, and --out another file"
        )
    problems = problems_of(rows)
    most = min((len(problem.samples) for problem in asked(problems)), default=0)
    return [
        Point(
            strategy=strategy.label,
            k=k,
            accuracy=choice.accuracy(problems, k),
            tokens=choice.tokens(problems, k),
            samples=len(rows),
            truncated=sum(row.finish.truncated for row in rows),
            faults=sum(row.fault for row in rows),
        )
        for k in _asked_ks(choice.ks(most), ks)
    ]


def _asked_ks(own: Sequence[int], ks: Sequence[int]) -> Sequence[int]:
    """The given k up to the largest of the choice's own."""
    return [k for k in ks if k <= max(own, default=0)] if ks else own


def single_sample(samples: Sequence[Sample]) -> Point:
    """The point that others are measured against: one plain sample."""
    [point] = points(samples, [TestTime()])
    return point


def multiplier(found: Sequence[Point], base: Point, gain: float) -> float | None:
    """How many times the tokens of `base` a curve takes for an accuracy of base + gain.

    The fewest tokens of a point with that accuracy, over those of `base`: nothing is interpolated,
    so the true multiplier may be as small as that of the point before.  None: no point has it.
    """
    wanted = base.accuracy.value + gain
    reached = [p.tokens.value for p in found if p.accuracy.value >= wanted]
    return min(reached) / base.tokens.value if reached else None


def within(found: Sequence[Point], budget: float) -> Point | None:
    """The point of a curve that spends most of a budget of tokens a problem; None: none fits."""
    return max(
        (p for p in found if p.tokens.value <= budget), key=lambda p: p.tokens.value, default=None
    )

"""Plan a comparison of two models: the problems that it needs, for `whet eval --power`."""

from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from whet.evaluation.metrics.estimates import asked
from whet.evaluation.samples import problems_of
from whet.evaluation.statistics.inputs import inside
from whet.evaluation.statistics.pilot import (
    assumed_variance,
    difference_variance,
    pilot_variance,
)
from whet.evaluation.statistics.power import detectable
from whet.evaluation.statistics.sample_size import (
    Needed,
    ProblemVariance,
    problems_for_difference,
)
from whet.front.comparing import samples_of
from whet.types import UsageError

CORRELATIONS = (1.0, 0.5, 0.0)
"""Of the two models' chances over problems.  A pilot of one model does not tell it, so a plan has
both ends and the middle.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedComparison:
    """What a comparison takes, if the chances of both models have this correlation."""

    correlation: float
    needed: Needed
    smallest: float | None  # the difference that `problems` show with power 0.8; None without


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerPlan:
    """The problems that show a difference of two models on the same problems."""

    difference: float
    accuracy: float  # of the baseline
    problems: int  # that there are; 0: not said
    samples: int  # of each problem and model
    assumed: bool  # the spread of chances over problems, which no pilot told
    rows: tuple[PlannedComparison, ...]


def power_plan(pilot: str, difference: float, samples: int, problems: int = 0) -> PowerPlan:
    """Plan a paired comparison at power 0.8 and α 0.05, with `samples` of each problem.

    `pilot` is a run or a file of samples of one model, or the baseline's accuracy as a number.
    `problems` are those of which the smallest difference is told; 0: those of the pilot.

    Raises `UsageError` for a difference or an accuracy that is none, for a difference that no model
    can have or none can show, and for a pilot without two problems with several samples.
    """
    inside(difference, "power", 0, 1)
    if problems < 0 or problems == 1:
        raise UsageError(f"problems is {problems}; give 2 or more, or 0: those of the pilot")
    accuracy, variance, held = _pilot(pilot)
    if difference > max(accuracy, 1 - accuracy):
        raise UsageError(
            f"power is {difference:g}, but no model differs by that from an accuracy of "
            f"{accuracy:.3g}; give a smaller difference"
        )
    count = problems or held
    rows: list[PlannedComparison] = []
    for correlation in CORRELATIONS:
        if correlation == 1 and not variance.within:
            continue  # the two would differ by the same amount everywhere
        of = difference_variance(variance, samples, correlation)
        smallest = min(detectable(count) * sqrt(of.variance), 1.0) if count else None
        needed = _needed(difference, of)
        rows.append(PlannedComparison(correlation=correlation, needed=needed, smallest=smallest))
    return PowerPlan(
        difference=difference,
        accuracy=accuracy,
        problems=count,
        samples=samples,
        assumed=not held,
        rows=tuple(rows),
    )


def _needed(difference: float, of: ProblemVariance) -> Needed:
    try:
        return problems_for_difference(difference, of)
    except UsageError as error:
        raise UsageError(
            f"power is {difference:g}, which no number of problems shows; give a larger difference"
        ) from error


def _pilot(pilot: str) -> tuple[float, ProblemVariance, int]:
    """The accuracy, the variance, and the number of problems; 0 of a number."""
    if not Path(pilot).exists() and (share := _number(pilot)) is not None:
        return share, assumed_variance(share), 0
    problems = asked(problems_of(sample for sample in samples_of(pilot) if not sample.greedy))
    known = [one for one in problems if not one.missing]
    variance = pilot_variance(known)
    accuracy = sum(one.right / len(one.samples) for one in known) / len(known)
    return accuracy, variance, len(known)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None

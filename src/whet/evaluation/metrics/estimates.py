"""A mean over problems of what each problem's samples give: the common form of the metrics.

Every metric counts the problems that the reward covers.  A missing verdict widens its interval.
"""

from collections.abc import Callable, Sequence

from whet.evaluation.bounds import Bounds, Count, count_bounds, negated
from whet.evaluation.intervals import Estimate, estimate_within
from whet.evaluation.samples import Problem, Sample
from whet.types import Reason, UsageError

Right = Callable[[Sample], bool | None]
"""Whether a sample counts as right; None: not known."""

_UNJUDGED = (Reason.VERIFIER_ERROR, Reason.NOT_APPLICABLE)


def answer_right(sample: Sample) -> bool | None:
    """Whether the answer is right."""
    return sample.correct


def answer_wrong(sample: Sample) -> bool | None:
    """Whether the answer is wrong."""
    return negated(sample.correct)


def covered(problem: Problem) -> bool:
    """Whether the reward covers a problem: it judges a reply, or refuses none.

    Raises `UsageError` for a problem with greedy and sampled replies: they are of two policies.
    """
    if len({sample.greedy for sample in problem.samples}) > 1:
        raise UsageError(
            f"problem {problem.name!r} has greedy and sampled replies; give those of one kind"
        )
    reasons = [sample.reason for sample in problem.samples]
    refused = Reason.NOT_APPLICABLE in reasons
    return not refused or any(reason not in _UNJUDGED for reason in reasons)


def asked(problems: Sequence[Problem]) -> list[Problem]:
    """The problems that the reward covers."""
    return [problem for problem in problems if covered(problem)]


def mean_over(problems: Sequence[Problem], bounds: Callable[[Problem], Bounds | None]) -> Estimate:
    """The mean of a quantity; None: a problem does not have it, and is left out."""
    found = [bounds(problem) for problem in asked(problems)]
    return estimate_within([one for one in found if one is not None])


def mean_count(
    problems: Sequence[Problem], metric: Count, k: int, right: Right = answer_right
) -> Estimate:
    """The mean of a metric of n samples, c of them right, and k drawn, as in `count_bounds`.

    Raises `UsageError` for a problem with fewer than k samples.
    """

    def bounds(problem: Problem) -> Bounds:
        check_samples(problem, k)
        verdicts = [right(sample) for sample in problem.samples]
        known = [verdict for verdict in verdicts if verdict is not None]
        return count_bounds(metric, known, len(verdicts) - len(known), k)

    return mean_over(problems, bounds)


def check_samples(problem: Problem, k: int) -> None:
    """Raise `UsageError` unless k samples of the problem can be drawn."""
    count = len(problem.samples)
    if not 1 <= k <= count:
        raise UsageError(
            f"k is {k}, but problem {problem.name!r} has {count} samples; give 1 to {count}, or "
            "more samples"
        )

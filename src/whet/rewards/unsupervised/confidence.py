"""Means over the sampled tokens of a reply, as measures of the policy's confidence."""

from collections.abc import Callable, Sequence

from numpy import ndarray

from whet.protocols import Judge, RewardContext
from whet.rewards.unsupervised.truth import with_truth
from whet.types import Group, Reason, Rollout, UsageError, Verdict

Measure = Callable[[Rollout], float | Verdict]


def own(rollout: Rollout, column: ndarray | None, name: str) -> list[float]:
    """A column's entries for the tokens that the policy sampled.

    Raises `UsageError` where the engine did not record the column.
    """
    if column is None:
        raise UsageError(
            f"rollout.{name} is missing for {rollout.length} tokens; the reward needs an engine "
            f"that records it, such as the embedded one"
        )
    return column[rollout.forced_len :].tolist()


def mean(column: Sequence[float]) -> float:
    """The arithmetic mean of at least one number."""
    return sum(column) / len(column)


async def rated(
    group: Group, measure: Measure, truth: Judge | None, context: RewardContext
) -> tuple[Verdict, ...]:
    """A score for each rollout from `measure`, or the verdict that it gives instead.

    A rollout without sampled tokens is a fault.
    """
    return await with_truth(group, [_rated(rollout, measure) for rollout in group], truth, context)


def _rated(rollout: Rollout, measure: Measure) -> Verdict:
    if rollout.length <= rollout.forced_len:
        return Verdict.unjudged("the policy sampled no token")
    found = measure(rollout)
    return found if isinstance(found, Verdict) else Verdict(reason=Reason.PARTIAL, score=found)

"""How sure the policy was of what it chose: means over the tokens of its own choice."""

from collections.abc import Callable, Sequence

from numpy import ndarray

from whet.protocols import Judge, RewardContext
from whet.rewards.unsupervised._truth import with_truth
from whet.types import Group, Reason, Rollout, UsageError, Verdict


def own(rollout: Rollout, column: ndarray | None, name: str) -> list[float]:
    """A column's entries for what the policy chose itself.  Raises `UsageError` where none is
    kept.
    """
    if column is None:
        raise UsageError(
            f"rollout.{name} is missing for {rollout.length} tokens; the reward needs an engine "
            f"that records it, such as the embedded one"
        )
    return column[rollout.forced_len :].tolist()


def mean(column: Sequence[float]) -> float:
    """Σ x / n."""
    return sum(column) / len(column)


async def rated(
    group: Group, measure: Callable[[Rollout], float], truth: Judge | None, context: RewardContext
) -> tuple[Verdict, ...]:
    """A score for each rollout; who chose nothing can't be judged by how sure it was."""
    return await with_truth(group, [_rated(rollout, measure) for rollout in group], truth, context)


def _rated(rollout: Rollout, measure: Callable[[Rollout], float]) -> Verdict:
    if rollout.length <= rollout.forced_len:
        return Verdict.unjudged("the policy chose no token")
    return Verdict(reason=Reason.PARTIAL, score=measure(rollout))

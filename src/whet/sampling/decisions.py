"""What a decision on a group reads: the task metric of the rollouts that the policy sampled."""

from whet.sampling.outcomes import task_metric
from whet.types import Group, Rollout, UsageError


def sampled(rollout: Rollout) -> bool:
    """Whether the policy sampled some of its tokens, behind a hint for example.

    A demonstration is not sampled.
    """
    return not (rollout.length and bool(rollout.external.all()))


def known_metrics(group: Group, slot: str) -> list[float | None]:
    """The task metric of every rollout; None for a fault, a demonstration, or a task not covered.

    Raises `UsageError`, with the name of the deciding slot, if a reply has a score and no metric.
    """
    found: list[float | None] = []
    for rollout in group:
        metric = task_metric(rollout) if sampled(rollout) else None
        judged = rollout.verdict is not None and rollout.verdict.judged
        if metric is None and judged and sampled(rollout):
            raise UsageError(
                f"sampling.{slot} decides by right and wrong replies, and the reward does not say "
                f"which they are for task {group.task.id!r}; let it return `correct`, or choose "
                f"another sampling.{slot}"
            )
        found.append(metric)
    return found

"""What a visit says of a task's difficulty: the task metric of the policy's own rollouts."""

from collections.abc import Iterable, Sequence

from whet.types import Group, Rollout


def task_metric(rollout: Rollout) -> float | None:
    """`correct` as 0 or 1; of a reward that is a number alone, that number before any shaping.

    None for a fault, for a reward that does not cover the task, and where neither is known.
    """
    verdict = rollout.verdict
    if verdict is None or not verdict.judged:
        return None
    found = verdict.correct if verdict.measured is None else verdict.measured
    return None if found is None else float(found)


def unaided(rollout: Rollout) -> bool:
    """Whether the policy sampled the rollout by itself, for this visit of its task.

    What an extension added doesn't count: a replayed rollout is of an earlier visit, and of further
    plays only the right ones may have been added.
    A hint in the prompt is marked (`Rollout.hint`); one in the reply is its first external tokens.
    """
    if rollout.joined or rollout.hint:
        return False
    return rollout.length > 0 and not rollout.external[0]


def metrics_of(groups: Iterable[Group]) -> list[float]:
    """The task metrics of all rollouts that are known, without those that were given a hint."""
    found = (task_metric(rollout) for group in groups for rollout in group if unaided(rollout))
    return [metric for metric in found if metric is not None]


def mean(values: Sequence[float]) -> float | None:
    """The mean; None of nothing."""
    return sum(values) / len(values) if values else None

"""The rollouts of a group that infrastructure did not break: only these vote and are counted."""

from collections.abc import Awaitable, Callable, Sequence

from whet.types import Finish, Group, Rollout, Verdict

Scoring = Callable[[Group], Awaitable[Sequence[Verdict]]]


def unbroken(group: Group) -> Group:
    """The group without the rollouts that ended with a fault; their texts are no replies."""
    return group.having([rollout for rollout in group if not _broken(rollout)])


async def among_unbroken(group: Group, score: Scoring) -> tuple[Verdict, ...]:
    """The verdicts of `score` on the unbroken rollouts; the others are faults and count nowhere."""
    found = iter(await score(unbroken(group)))
    fault = Verdict.unjudged("the rollout ended with a fault, so it has no vote")
    return tuple(fault if _broken(rollout) else next(found) for rollout in group)


def _broken(rollout: Rollout) -> bool:
    return rollout.finish is Finish.FAULT

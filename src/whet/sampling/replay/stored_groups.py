"""Groups of earlier steps that a replay buffer holds."""

from collections.abc import Sequence
from dataclasses import replace

from whet.protocols import Now
from whet.types import Group
from whet.types.saved_rollouts import remembered_group


def storable(group: Group) -> Group | None:
    """The group without rollouts that have no score; None if nothing of the policy is left.

    A fault is in neither loss nor baseline, so it is not kept either.
    """
    judged = [r.verdict is not None and r.verdict.judged for r in group]
    rollouts = tuple(r for r, good in zip(group, judged, strict=True) if good)
    if all(rollout.version is None for rollout in rollouts):
        return None
    learn = None
    if group.learn is not None:
        learn = tuple(flag for flag, good in zip(group.learn, judged, strict=True) if good)
    return remembered_group(replace(group, rollouts=rollouts, learn=learn))


def flags(group: Group) -> tuple[bool, ...]:
    """Which rollouts are learned from."""
    return (True,) * len(group) if group.learn is None else group.learn


def learned(groups: Sequence[Group]) -> int:
    """The number of rollouts that are learned from."""
    return sum(sum(flags(group)) for group in groups)


def age(group: Group, now: Now) -> int:
    """Versions between the oldest weights that sampled the group and the present ones."""
    known = [rollout.version.step for rollout in group if rollout.version is not None]
    return now.version - min(known)


def quota(share: float, fresh: int, recalled: int) -> int:
    """How many more may be recalled, so that they stay within `share` of all."""
    return max(int(share / (1 - share) * fresh + 1e-9) - recalled, 0)

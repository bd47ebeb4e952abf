"""Queries and changes of groups that extensions share.

A rollout is the policy's own if the policy, in any version, sampled some of its tokens.
Demonstrations are not: they count neither as attempts nor as successes of the policy.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import compress

from whet.types import Group, Rollout, Verdict


def by_policy(rollout: Rollout) -> bool:
    """True if the policy sampled some token of the rollout, or the rollout has none."""
    return rollout.version is not None or not rollout.length


def judgement(rollout: Rollout) -> Verdict | None:
    """The verdict if it has a score, else None."""
    verdict = rollout.verdict
    return verdict if verdict is not None and verdict.judged else None


def own(group: Group) -> list[Rollout]:
    """The rollouts of a group that the policy sampled."""
    return [r for r in group if by_policy(r)]


def attempts(group: Group) -> list[Rollout]:
    """The rollouts of a group that the policy sampled and that were judged."""
    return [r for r in own(group) if judgement(r) is not None]


def successes(rollouts: Iterable[Rollout]) -> list[Rollout]:
    """The rollouts with a verdict of `correct`."""
    return [r for r in rollouts if r.verdict is not None and r.verdict.correct]


def unsolved(group: Group) -> bool:
    """True if the policy has judged rollouts in the group and none of them is correct."""
    tried = attempts(group)
    return bool(tried) and not successes(tried)


def subset(group: Group, keep: Sequence[bool]) -> Group:
    """The rollouts of a group that are marked in `keep`."""
    learn = None if group.learn is None else tuple(compress(group.learn, keep))
    return replace(group, rollouts=tuple(compress(group.rollouts, keep)), learn=learn)


def instead(group: Group, others: Sequence[Rollout]) -> Group:
    """The group with other rollouts in place of its own; they get new ids."""
    both = group.joined(others)
    return both.having(both.rollouts[len(group) :])

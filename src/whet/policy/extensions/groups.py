"""What extensions ask of a group, and how they change one.

A rollout is the policy's own where the policy, of now or of earlier, chose some of its tokens.
Demonstrations are others'; they count neither as attempts nor as successes of the policy.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import compress

from whet.types import Group, Rollout, Verdict


def by_policy(rollout: Rollout) -> bool:
    """Is the rollout the policy's own?  One without any token is."""
    return rollout.version is not None or not rollout.length


def judgement(rollout: Rollout) -> Verdict | None:
    """The verdict, where it has a score."""
    verdict = rollout.verdict
    return verdict if verdict is not None and verdict.judged else None


def own(group: Group) -> list[Rollout]:
    """The policy's own rollouts of a group."""
    return [r for r in group if by_policy(r)]


def attempts(group: Group) -> list[Rollout]:
    """The policy's own rollouts that were judged."""
    return [r for r in own(group) if judgement(r) is not None]


def successes(rollouts: Iterable[Rollout]) -> list[Rollout]:
    """Those that are right."""
    return [r for r in rollouts if r.verdict is not None and r.verdict.correct]


def unsolved(group: Group) -> bool:
    """Did the policy try the task, and was it never right?"""
    tried = attempts(group)
    return bool(tried) and not successes(tried)


def subset(group: Group, keep: Sequence[bool]) -> Group:
    """The rollouts of a group that are marked in `keep`."""
    learn = None if group.learn is None else tuple(compress(group.learn, keep))
    return replace(group, rollouts=tuple(compress(group.rollouts, keep)), learn=learn)


def instead(group: Group, others: Sequence[Rollout]) -> Group:
    """The same group of other rollouts, with ids of their own."""
    both = group.joined(others)
    return both.having(both.rollouts[len(group) :])

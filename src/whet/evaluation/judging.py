"""From rollouts to judged rollouts; what a judge raises is a fault, and never a zero."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from whet.protocols import Reward
from whet.types import Group, Refusal, Rollout, Verdict


async def judge(group: Group, reward: Reward | None) -> Group:
    """The same rollouts with verdicts; without a reward, the world's own stand.

    Judges work in threads, so that one that waits for its worker process holds up nobody.
    """
    if reward is None:
        return group
    calls = (asyncio.to_thread(_timed, reward, rollout) for rollout in group)
    found = await asyncio.gather(*calls, return_exceptions=True)
    return tuple(replace(r, verdict=_verdict(v)) for r, v in zip(group, found, strict=True))


def _timed(reward: Reward, rollout: Rollout) -> Verdict:
    start = time.perf_counter()
    verdict = reward.score(rollout)
    spent = 1000 * (time.perf_counter() - start)
    return verdict if verdict.cost_ms else replace(verdict, cost_ms=spent)


def _verdict(found: Verdict | BaseException) -> Verdict:
    if isinstance(found, Verdict):
        return found
    if isinstance(found, Refusal) or not isinstance(found, Exception):
        raise found
    return Verdict.unjudged(f"{type(found).__name__}: {found}")


def faults(groups: Sequence[Group]) -> list[Rollout]:
    """The rollouts that nobody could judge."""
    return [r for group in groups for r in group if r.verdict is not None and r.verdict.fault]

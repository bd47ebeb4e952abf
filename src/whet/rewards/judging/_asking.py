"""What a judge says of a group; what it raises is a fault, and never a zero."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from inspect import isawaitable, iscoroutinefunction
from typing import Any

from whet.protocols import GroupReward, Judge, Play, Reward
from whet.types import Group, Refusal, Rollout, Verdict


async def judge(group: Group, reward: Judge | None, play: Play) -> Group:
    """The same rollouts with verdicts; without a reward, the world's own stand."""
    if reward is None:
        return group
    found = await verdicts(group, reward, play)
    return tuple(replace(r, verdict=v) for r, v in zip(group, found, strict=True))


async def verdicts(group: Group, reward: Judge, play: Play) -> tuple[Verdict, ...]:
    """One verdict per rollout, from a judge of rollouts, of groups, or one that plays on.

    Plain functions work in threads, so that one that waits for its worker process holds up
    nobody; coroutines are awaited.  Who judges one rollout at a time fails one at a time.
    Raises what is no fault: a `Refusal`, and what is no `Exception`.
    """
    if isinstance(reward, Reward):
        calls = [_timed(reward.score, rollout) for rollout in group]
        found = await asyncio.gather(*calls, return_exceptions=True)
        return tuple(_verdict(v) for v in found)
    if isinstance(reward, GroupReward):
        [found] = await asyncio.gather(_called(reward.compare, group), return_exceptions=True)
    else:
        [found] = await asyncio.gather(reward.probe(group, play), return_exceptions=True)
    if isinstance(found, BaseException):
        return (_verdict(found),) * len(group)
    if len(found) != len(group):
        raise ValueError(f"{reward} gave {len(found)} verdicts to {len(group)} rollouts")
    return tuple(found)


async def _called(function: Callable[..., Any], *given: object) -> Any:
    if iscoroutinefunction(function):
        return await function(*given)
    found = await asyncio.to_thread(function, *given)
    return await found if isawaitable(found) else found


async def _timed(score: Callable[[Rollout], Verdict | Awaitable[Verdict]], r: Rollout) -> Verdict:
    start = time.perf_counter()
    verdict = await _called(score, r)
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

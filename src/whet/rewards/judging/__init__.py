"""From rollouts to judged rollouts: all rewards are called here.

A reward's exception, or a return value that is not a verdict, is a fault of the rollouts concerned
and never a zero; so is a verdict with a number that is none (`numbers.sound`).  `UsageError`,
`IntegrityError` and an interrupt are raised.  A verdict without a cost gets the time that the call
took.
"""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from inspect import isawaitable, iscoroutinefunction
from typing import Any

from whet.protocols import GroupReward, Judge, PlayRequest, Reward, RewardContext
from whet.rewards.judging.calling import blocking, outcome, told
from whet.rewards.judging.numbers import sound
from whet.types import Group, IntegrityError, Need, Rollout, ScoreError, UsageError, Verdict


def context_of(step: int = 0, play: PlayRequest | None = None) -> RewardContext:
    """The context of rewards at a step of training; without `play` there is no policy."""

    async def ask(judge: Judge, group: Group) -> tuple[Verdict, ...]:
        return await verdicts(group, judge, context)

    context = RewardContext(step=step, judge=ask, play=play)
    return context


async def judge(group: Group, reward: Judge | None, context: RewardContext) -> Group:
    """The same rollouts with verdicts.  Without a reward they keep the environment's verdicts."""
    if reward is None:
        return group
    found = await verdicts(group, reward, context)
    rollouts = (replace(r, verdict=v) for r, v in zip(group, found, strict=True))
    return replace(group, rollouts=tuple(rollouts))


async def verdicts(group: Group, judge: Judge, context: RewardContext) -> tuple[Verdict, ...]:
    """One verdict per rollout, in order.

    Raises `UsageError` for an object that is neither a `Reward` nor a `GroupReward`, and for a
    reward that needs a policy where the context has none.
    """
    if isinstance(judge, Reward):
        return tuple(await asyncio.gather(*(verdict(rollout, judge) for rollout in group)))
    name = type(judge).__name__
    if not isinstance(judge, GroupReward):
        raise UsageError(
            f"reward {name} is not a reward; make it a subclass of "
            "whet.protocols.Reward or GroupReward"
        )
    if Need.POLICY in judge.needs and context.play is None:
        raise UsageError(
            f"reward {name} plays requests with the policy, and there is none here; give a reward "
            "that judges replies alone"
        )
    found, spent = await _asked(judge.score_group(group, context))
    each = spent / max(len(group), 1)
    return tuple(_timed(v, each) for v in _aligned(found, group, name))


async def verdict(rollout: Rollout, judge: Reward) -> Verdict:
    """The verdict of a reward for a single rollout.

    A plain `score` runs in a thread, so that waiting for a worker process blocks no other call.  A
    coroutine is awaited.  Of a task with several answers the best verdict counts, `best_of`.
    """
    task = rollout.task
    if not task.alternatives or judge.reads_alternatives:
        return await _single(rollout, judge)
    golds = dict.fromkeys((task.answer, *task.alternatives))
    tasks = [replace(task, answer=gold, alternatives=()) for gold in golds]
    return best_of([await _single(replace(rollout, task=one), judge) for one in tasks])


def best_of(found: Sequence[Verdict]) -> Verdict:
    """The verdict of a reply that was compared with several answers, one verdict for each.

    A correct one wins, and otherwise a fault, because the reply may meet the answer that could not
    be judged.  Without both the highest score wins; "not applicable" is the result only where it is
    that of every answer.  The cost is that of all.
    """
    cost = sum(verdict.cost_ms for verdict in found)
    judged = [verdict for verdict in found if verdict.judged]
    right = [verdict for verdict in judged if verdict.correct]
    failed = [verdict for verdict in found if verdict.fault]
    if right or (judged and not failed):
        best = max(right or judged, key=lambda verdict: verdict.score)
    else:
        best = (failed or found)[0]
    return replace(best, cost_ms=cost)


async def _single(rollout: Rollout, judge: Reward) -> Verdict:
    found, spent = await _asked(_scored(judge, rollout))
    return _timed(_verdict(found, rollout, type(judge).__name__), spent)


def faults(groups: Sequence[Group]) -> list[Rollout]:
    """The rollouts whose reward failed."""
    return [r for group in groups for r in group if r.verdict is not None and r.verdict.fault]


async def _scored(judge: Reward, rollout: Rollout) -> object:
    if iscoroutinefunction(judge.score):
        return await judge.score(rollout)
    found = await blocking(judge.score, rollout)
    return await found if isawaitable(found) else found


async def _asked(call: Awaitable[object]) -> tuple[Any, float]:
    """The return value of a call, or its exception where that is a fault; and the milliseconds
    spent.
    """
    start = time.perf_counter()
    found = await outcome(call)
    if isinstance(found, UsageError | IntegrityError | KeyboardInterrupt):
        raise found
    return found, 1000 * (time.perf_counter() - start)


def _aligned(found: object, group: Group, name: str) -> Sequence[Verdict]:
    """The return value of a `GroupReward` as one verdict per rollout."""
    count = len(group)
    if isinstance(found, BaseException):
        return [_verdict(found, rollout, name) for rollout in group]
    if not isinstance(found, Sequence) or isinstance(found, str | bytes):
        note = f"{name} returned {_kind(found)}, not a list of Verdicts"
        return [Verdict.unjudged(note)] * count
    if len(found) != count:
        note = f"{name} returned {len(found)} verdicts for {count} rollouts"
        return [Verdict.unjudged(note)] * count
    return [_verdict(one, rollout, name) for one, rollout in zip(found, group, strict=True)]


def _verdict(found: object, rollout: Rollout, name: str) -> Verdict:
    if isinstance(found, Verdict):
        return sound(found, rollout.task.id, name)
    if isinstance(found, ScoreError):
        return Verdict.unjudged(f"{name} gave task {rollout.task.id!r} no score: {found}")
    if isinstance(found, BaseException):
        return Verdict.unjudged(f"{name} raised {told(found)}")
    return Verdict.unjudged(f"{name} returned {_kind(found)}, not a Verdict")


def _kind(value: object) -> str:
    name = type(value).__name__
    article = "an" if name[0].lower() in "aeiou" else "a"
    return "None" if value is None else f"{article} {name}"


def _timed(verdict: Verdict, spent: float) -> Verdict:
    return verdict if verdict.cost_ms > 0 else replace(verdict, cost_ms=spent)

"""The queue of one step's judging: known rows among the replies, and a limit on the time."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from random import Random
from time import perf_counter
from typing import Any

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.judging import verdicts
from whet.rewards.judging.canaries import Canary, CanaryVerdict, interleaved, named, too_many
from whet.rewards.judging.config import JudgingConfig
from whet.types import Group, Verdict

_Verdicts = tuple[Verdict, ...]
_GRACE_S = 1.0  # for cancelled calls to end, as one that catches its cancellation and goes on


@dataclass(slots=True)
class _BusyClock:
    """The wall time during which at least one call is under way, in seconds."""

    limit: float
    spent: float = 0.0
    active: int = 0
    since: float = 0.0

    def __enter__(self) -> None:
        if not self.active:
            self.since = perf_counter()
        self.active += 1

    def __exit__(self, *_: object) -> None:
        self.active -= 1
        if not self.active:
            self.spent += perf_counter() - self.since

    @property
    def left(self) -> float:
        """What is left of the limit."""
        going = perf_counter() - self.since if self.active else 0.0
        return self.limit - self.spent - going


@dataclass(slots=True)
class JudgingQueue:
    """Judges the groups of one step."""

    config: JudgingConfig = JudgingConfig()
    canaries: Sequence[Canary] = ()
    heard: list[CanaryVerdict] = field(default_factory=list)  # of the known rows so far
    _clock: _BusyClock = field(init=False)

    def __post_init__(self) -> None:
        self._clock = _BusyClock(self.config.seconds or inf)

    async def judge(self, group: Group, reward: Judge, context: RewardContext) -> Group:
        """The same rollouts with verdicts; the known rows are kept apart, in `heard`.

        Known rows stand among the rollouts of a `Reward`, and of a `GroupReward` that does not
        compare.  One that may compare gets them as a group of their own in a concurrent call.
        """
        with self._clock:
            found = await self._judged(group, reward, context)
        rollouts = (replace(r, verdict=v) for r, v in zip(group, found, strict=True))
        return replace(group, rollouts=tuple(rollouts))

    async def check(self, reward: Judge | None, context: RewardContext) -> None:
        """Raise `IntegrityError` where more known rows than `judging.mistaken` were misjudged.

        They are judged once more, one after the other, to tell a race from a judge that is wrong.
        """
        if reward is None or not too_many(self.heard, self.config.mistaken):
            return
        rows = list({one.canary.rollout.id: one.canary for one in self.heard}.values())
        alone = [await judged_alone(row, reward, context, self.config) for row in rows]
        raise named(self.heard, alone)

    async def _judged(self, group: Group, reward: Judge, context: RewardContext) -> _Verdicts:
        if not self.canaries:
            return await self._within(group, reward, context)
        known = self._drawn(group)
        if isinstance(reward, GroupReward) and reward.compares:
            apart = Group.of([canary.rollout for canary in known])
            found, said = await asyncio.gather(
                self._within(group, reward, context), self._within(apart, reward, context)
            )
        else:
            mixed, places = interleaved(group, known)
            both = await self._within(mixed, reward, context)
            said = tuple(both[place] for place in places)
            found = tuple(v for place, v in enumerate(both) if place not in places)
        self.heard += [
            CanaryVerdict(canary=canary, verdict=v) for canary, v in zip(known, said, strict=True)
        ]
        return found

    def _drawn(self, group: Group) -> list[Canary]:
        """The pairs for one group, all of one task, in random order."""
        rng = Random("/".join(rollout.id for rollout in group))
        task = rng.choice([canary.rollout.task.id for canary in self.canaries])
        pair = [canary for canary in self.canaries if canary.rollout.task.id == task]
        drawn = pair * self.config.canaries
        rng.shuffle(drawn)
        return drawn

    async def _within(self, group: Group, reward: Judge, context: RewardContext) -> _Verdicts:
        """The verdicts within what is left of the limit; later ones are faults."""
        if self._clock.limit == inf:
            return await verdicts(group, reward, context)
        if isinstance(reward, GroupReward):
            parts = [group]
        else:
            parts = [group.having([rollout]) for rollout in group]
        found = await self._timed([verdicts(part, reward, context) for part in parts])
        late = Verdict.unjudged(
            f"not judged within judging.seconds, {self.config.seconds:g} s of judging in a step"
        )
        shared = (
            (late,) * len(part) if done is None else done
            for part, done in zip(parts, found, strict=True)
        )
        return tuple(verdict for done in shared for verdict in done)

    async def _timed(
        self, calls: Sequence[Coroutine[Any, Any, _Verdicts]]
    ) -> list[_Verdicts | None]:
        """The results of the calls that end in time; None for the others, which are cancelled.

        A plain function that runs in a thread can't be stopped: it ends by itself, and the
        step does not wait for it.  So is a coroutine left behind that catches its cancellation.
        """
        tasks = [asyncio.ensure_future(call) for call in calls]
        try:
            await asyncio.wait(
                tasks, timeout=max(self._clock.left, 0.0), return_when=asyncio.FIRST_EXCEPTION
            )
            return [task.result() if task.done() else None for task in tasks]
        finally:
            for task in tasks:
                task.cancel()
            ended, _ = await asyncio.wait(tasks, timeout=_GRACE_S)
            for task in ended:
                _ = task.cancelled() or task.exception()  # it is heard, or else it is logged


async def judged_alone(
    row: Canary, reward: Judge, context: RewardContext, config: JudgingConfig
) -> CanaryVerdict:
    """The verdict of a known row, in a call of its own with all the time of a step."""
    queue = JudgingQueue(config)
    [judged] = await queue.judge(Group.of([row.rollout]), reward, context)
    assert judged.verdict is not None
    return CanaryVerdict(canary=row, verdict=judged.verdict)

"""Attempts that are a shape of one play: the tokens of all its plays are counted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from whet.evaluation.test_time.attempt import Answered, AttemptContext
from whet.protocols import OpenPlays, Shape
from whet.sampling.structured.growing import continued, extended
from whet.types import Play, Request, Rollout, Task, UsageError


@dataclass(slots=True)
class Metered(Shape):
    """A shape, and the number of tokens that were decoded or forced for it."""

    resumes: ClassVar[bool] = True

    inner: Shape
    tokens: int = 0

    async def roll(self, request: Request, plays: OpenPlays) -> Sequence[Rollout]:
        return await self.inner.roll(request, _Counted(plays, self))


@dataclass(frozen=True, slots=True)
class _Counted:
    """Open plays, each of which adds the tokens behind those that it began with."""

    plays: OpenPlays
    meter: Metered

    async def play(self, plays: Sequence[Play]) -> Sequence[Sequence[Rollout]]:
        found = await self.plays.play(plays)
        for play, rollouts in zip(plays, found, strict=True):
            begun = 0 if play.begun is None else play.begun[1]
            self.meter.tokens += sum(rollout.length for rollout in rollouts) - begun
        return found

    def ids(self, text: str) -> tuple[int, ...]:
        return self.plays.ids(text)


async def shaped(shape: Shape, task: Task, seed: int, context: AttemptContext) -> Answered:
    """The answer of a shape that makes one rollout of a play, and the tokens of all its plays."""
    meter = Metered(inner=shape)
    asked = replace(Request.of(task, (seed,), context.decoding), shape=meter)
    [rollout] = await context.runner.rollout(asked)
    return Answered(rollout=rollout, tokens=meter.tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Continuing(Shape):
    """A reply that is interrupted behind its first token, and goes on behind forced words."""

    resumes: ClassVar[bool] = True

    words: str

    async def roll(self, request: Request, plays: OpenPlays) -> Sequence[Rollout]:
        forced = plays.ids(self.words)
        [play] = request.plays
        [first] = await extended(plays, [replace(play, pause_at=1)])
        return await extended(plays, [continued(play, first, prefix=forced)])


async def check_continues(name: str, words: str, task: Task, context: AttemptContext) -> None:
    """Raise `UsageError` unless the engine goes on within a reply, behind these words.

    It decodes one token for that, and then one more.
    """
    probe = _Continuing(words=words)
    asked = Request.of(task, (0,), replace(context.decoding, max_new_tokens=2))
    try:
        await context.runner.player.play(replace(asked, shape=probe))
    except UsageError as error:
        raise UsageError(
            f"test_time {name} goes on within a reply, which this engine can't serve ({error}); "
            "use an engine that has the weights, or a strategy over whole replies such as majority"
        ) from error

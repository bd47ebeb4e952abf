"""The policy handle of an environment, which records one conversation."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import count
from typing import Any

from whet.protocols import Generator, Renderer, Rival
from whet.rollouts.begun import Begun, hint_of, named
from whet.rollouts.endings import ended
from whet.rollouts.hearing import hear
from whet.rollouts.replies import ReplySampler, certain, limited, read, within_budget
from whet.rollouts.row import Row
from whet.types import (
    Decoding,
    Finish,
    Over,
    Play,
    Prompt,
    Reply,
    Rollout,
    Task,
    UsageError,
    Verdict,
    seed_of,
)

_SESSIONS = count()  # makes session names unique within the process


class PlayPaused(BaseException):
    """Raised inside an environment where its play is interrupted (`Play.pause_at`)."""


@dataclass(slots=True)
class Record:
    """All conversations of one play, in order of their opening."""

    generator: Generator
    renderer: Renderer
    task: Task
    play: Play
    begun_in: str = ""  # session of the rollout that the play begins with
    handles: "list[Recorder]" = field(default_factory=list)
    over: bool = False  # the environment has returned; no more calls are allowed
    broken: Exception | None = None  # an error of the generator, even if the environment caught it
    paused: bool = False  # the play was interrupted; the environment gave no verdict

    def seat(self, name: str) -> "Recorder":
        """The conversation of a seat, one per name."""
        if (self.play.begun is not None or self.play.pause_at) and name:
            raise UsageError(
                f"seat {name!r} can't be paused, or played again from its recorded replies; give "
                "--sampling.shape chains"
            )
        known = (h for h in self.own if h.seat_name == name and not h.path)
        return next(known, None) or Recorder.at(self, name, seed_of(self.play.seed, name))

    @property
    def own(self) -> "list[Recorder]":
        """The handles of the policy; the others are of models that are not trained."""
        return [handle for handle in self.handles if handle.generator is self.generator]

    def rollouts(self, verdict: Verdict | None) -> list[Rollout]:
        """The rollouts of the policy's handles with a reply that were not forked.

        `verdict` is for handles without a verdict of their own. Raises what the generator raised,
        such as an `IntegrityError`, even if the environment caught it.
        """
        if self.broken is not None:
            raise self.broken
        return [h.rollout(verdict) for h in self.own if h.row.acts and not h.closed]

    def end(self) -> None:
        """Free the generator's sessions of this play."""
        self.over = True
        for handle in self.handles:
            handle.generator.end(handle.session)


@dataclass(slots=True)
class Recorder:
    """One conversation with the policy, as an environment sees it.

    If a reply fails or is cancelled, neither the reply nor the observation before it is recorded.
    """

    record: Record
    seat_name: str
    seed: int
    id: str
    play: Play
    generator: Generator
    renderer: Renderer
    path: tuple[int, ...] = ()  # per fork above it: replies so far, index of the child
    parent: str = ""
    forked_at: int = 0
    fork_of: str = ""  # session that it was forked from
    session: str = ""
    row: Row = field(default_factory=Row)
    verdict: Verdict | None = None
    closed: bool = False
    asking: bool = False
    over: Over | None = None  # why it has no tokens left for the reply that was asked last
    begun: Begun | None = None  # recorded replies that it repeats first
    prefix: tuple[int, ...] = ()  # ids that the next sampled reply begins with

    @classmethod
    def at(cls, record: Record, seat: str, seed: int, model: Rival | None = None) -> "Recorder":
        """A new conversation with the policy, or with another model, added to the record."""
        play, generator, renderer = record.play, record.generator, record.renderer
        if model is not None:
            play = replace(play, prefix=(), begun=None, pause_at=0)
            generator, renderer = model.generator, model.renderer
        place = (record.task.id, named(play), seat, generator.held())
        name = blake2b(repr(place).encode(), digest_size=8).hexdigest()
        session = f"{name}:{next(_SESSIONS)}"
        opened = cls(record, seat, seed, name, play, generator, renderer, session=session)
        if not seat:
            opened._take_up()
        record.handles.append(opened)
        return opened

    def _take_up(self) -> None:
        """Set what the play begins with."""
        play = self.play
        self.prefix = play.prefix
        if play.begun is not None:
            rollout, tokens = play.begun
            self.begun = Begun(rollout, tokens)
            self.parent, self.forked_at = rollout.id, tokens
            self.fork_of = self.record.begun_in

    async def __call__(
        self,
        observation: Prompt,
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        stop: Sequence[str] = (),
        max_new_tokens: int = 0,
        options: Sequence[str] = (),
        state: str = "",
    ) -> Reply:
        """Send `observation` to the policy and return its reply.

        The opening shows `tools` and those of the task; `options` do not restrict the decoding.
        `stop` adds strings that end this reply, `max_new_tokens` limits its tokens (0: as in the
        decoding), and `state` names the state that the reply answers, for credit by state.

        Raises `Over` where episode or context have no tokens left, and `UsageError` while an
        earlier reply is pending, after a fork, after the play, and for tools after the opening.
        """
        del options
        self._check_open()
        row, self.over = self.row.copy(), None
        how = limited(self.play.decoding, stop, max_new_tokens)
        hear(self.renderer, self.record.task, row, observation, tools)
        try:
            return await self._answered(row, how, state)
        except Over as error:
            self.over = over = error
        await asyncio.sleep(0)  # so that an environment which asks for ever can be interrupted
        raise over

    async def _answered(self, row: Row, how: Decoding, state: str) -> Reply:
        """Repeat a recorded reply, or sample one."""
        self._check_pause(row)
        how = within_budget(how, row, self.generator.positions, self.generator.shortened)
        said = None if self.begun is None else self.begun.repeat(row)
        if self.begun and said is not None and self.begun.complete(row, how.max_new_tokens):
            return self._replied(row, said, state)
        self.asking = True
        try:
            return await self._say(row, how, said or [], state)
        finally:
            self.asking = False

    async def _say(self, row: Row, how: Decoding, begun: list[int], state: str) -> Reply:
        """Sample the rest of a reply that begins with these tokens, and then with the prefix."""
        row.choose(self.prefix, None, certain(len(self.prefix)))
        said = [*begun, *self.prefix]
        given, most = len(said), max(1, how.max_new_tokens - len(said))
        try:
            said += await self._sampler().sample(row, replace(how, max_new_tokens=most), given)
        except (UsageError, Over, OSError):
            raise
        except Exception as error:  # of the generator, and not the environment's
            self.record.broken = error
            raise
        self.prefix = ()
        reply = self._replied(row, said, state)
        if row.finish is Finish.LENGTH and len(said) - given < most:
            self._check_pause(row)
        return reply

    def _sampler(self) -> ReplySampler:
        pause = self.play.pause_at
        return ReplySampler(self.generator, self.seed, self.session, self.fork_of, pause)

    def _replied(self, row: Row, said: Sequence[int], state: str) -> Reply:
        """Close the reply, and keep the row."""
        text, before = self.renderer.text(said), row.begun()
        row.reply(len(said), text, self.renderer.char_ends(said, text), state)
        self.row = row
        return read(self.renderer, row, text, before)

    def _check_pause(self, row: Row) -> None:
        """Interrupt the play before a reply if it has its tokens."""
        if 0 < self.play.pause_at <= row.chosen:
            self._pause()

    def _pause(self) -> None:
        self.record.paused = True
        raise PlayPaused

    def _check_open(self) -> None:
        if self.closed:
            raise UsageError("this conversation was forked; call one of its forks")
        if self.asking:
            raise UsageError(
                "this conversation has a pending reply; await it, or fork before the call"
            )
        if self.record.over:
            raise UsageError("the play is over; await all replies before the environment returns")

    def fork(self, number: int) -> "tuple[Recorder, ...]":
        """`number` conversations that continue from here; this one is closed.

        The first one is the trunk; the others are its children, with seeds of their own.
        """
        self._check_open()
        if number < 1:
            raise UsageError(f"fork into {number} conversations; give 1 or more")
        if self.begun is not None or self.play.pause_at:
            raise UsageError(
                "the environment forks a play that is paused, or begins with recorded replies; "
                "give --sampling.shape chains"
            )
        self.closed = True
        return tuple(self._child(n) for n in range(number))

    def _child(self, n: int) -> "Recorder":
        path = (*self.path, len(self.row.acts), n)
        silent = self.path[-2:-1] == (len(self.row.acts),)  # its session has no token
        name = (
            self.id
            if n == 0
            else blake2b(repr((self.id, path)).encode(), digest_size=8).hexdigest()
        )
        child = replace(
            self,
            id=name,
            path=path,
            seed=seed_of(self.seed, len(self.row.acts), n),
            parent=self.parent if n == 0 else self.id,
            forked_at=self.forked_at if n == 0 else self.row.chosen,
            fork_of=self.fork_of if silent else self.session,
            session=f"{name}:{next(_SESSIONS)}",
            closed=False,
            row=self.row.copy(),
        )
        self.record.handles.append(child)
        return child

    def seat(self, name: str) -> "Recorder":
        """The conversation of another seat in the same play, one per name."""
        return self.record.seat(name)

    def rival(self, seat: str, model: Rival) -> "Recorder":
        """The conversation of a seat with a model that is not trained. It is in no rollout."""
        self._check_open()
        return Recorder.at(self.record, seat, seed_of(self.record.play.seed, seat), model)

    def end(self, verdict: Verdict) -> None:
        """Set a verdict for this conversation alone, instead of the verdict of the whole play."""
        self._check_open()
        self.verdict = verdict

    def rollout(self, verdict: Verdict | None) -> Rollout:
        """The recorded rollout, sealed. A paused one has no verdict."""
        own = None if self.record.paused else self.verdict
        recorded = self.row.recorded(
            task=self.record.task,
            seed=self.seed,
            id=self.id,
            seat=self.seat_name,
            play_seed=self.record.play.seed,
            shown=self.record.play.prompt,
            parent=self.parent,
            forked_at=min(self.forked_at, self.row.chosen),  # fewer where the world broke down
            decoding=self.play.decoding,
            hint=hint_of(self.play),
            verdict=own if own is not None else verdict,
        )
        if self.over is not None:
            recorded = replace(recorded, finish=self.over.finish)
        return ended(recorded.sealed())

"""The policy's handle: one conversation, written down as it happens."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import count

import numpy as np
from numpy import ndarray

from whet.protocols import Generator, Renderer
from whet.rollouts.row import Row
from whet.types import (
    Decoding,
    IntegrityError,
    Play,
    Prompt,
    Reply,
    Rollout,
    Task,
    UsageError,
    Verdict,
    seed_of,
)
from whet.types.messages import messages_of

_SESSIONS = count()  # names of sessions, unlike in one process


@dataclass(slots=True)
class Record:
    """Everything that one play has recorded: its handles, in the order of their opening."""

    generator: Generator
    renderer: Renderer
    task: Task
    play: Play
    handles: "list[Recorder]" = field(default_factory=list)
    over: bool = False  # the environment has returned: nothing more is said
    broken: IntegrityError | None = (
        None  # a violation of trust, whatever the environment made of it
    )

    def seat(self, name: str) -> "Recorder":
        """The conversation of a seat; the same one every time."""
        known = (h for h in self.handles if h.seat_name == name and not h.path)
        return next(known, None) or Recorder.at(self, name, seed_of(self.play.seed, name))

    def rollouts(self, verdict: Verdict | None) -> list[Rollout]:
        """Of every handle that spoke and was not forked; `verdict` is for those without one.

        Raises `IntegrityError` where the generator did, even if the environment went on.
        """
        if self.broken is not None:
            raise self.broken
        return [h.rollout(verdict) for h in self.handles if h.row.acts and not h.closed]

    def end(self) -> None:
        """Free what the generator keeps for this play."""
        self.over = True
        for handle in self.handles:
            self.generator.end(handle.session)


@dataclass(slots=True)
class Recorder:
    """One conversation with the policy, as an environment sees it.

    A reply that doesn't come, because it was refused or cancelled, leaves no trace: neither it nor
    the observation before it is recorded.
    """

    record: Record
    seat_name: str
    seed: int
    id: str
    path: tuple[int, ...] = ()  # at every fork above: which of the children
    parent: str = ""
    forked_at: int = 0
    fork_of: str = ""  # the session that it goes on from
    session: str = ""
    row: Row = field(default_factory=Row)
    verdict: Verdict | None = None
    closed: bool = False
    asking: bool = False

    @classmethod
    def at(cls, record: Record, seat: str, seed: int) -> "Recorder":
        """A new conversation, which the record keeps."""
        place = (record.task.id, record.play, seat, record.generator.held())
        name = blake2b(repr(place).encode(), digest_size=8).hexdigest()
        opened = cls(record, seat, seed, name, session=f"{name}:{next(_SESSIONS)}")
        record.handles.append(opened)
        return opened

    async def __call__(
        self,
        observation: Prompt,
        *,
        stop: Sequence[str] = (),
        max_new_tokens: int = 0,
        state: str = "",
    ) -> Reply:
        """Say `observation` to the policy; its reply.

        `stop` adds strings that end this reply, `max_new_tokens` limits its tokens (0: as the
        decoding says), `state` names what the reply answers, for credit by state.

        Raises `UsageError` while an earlier reply is awaited, after a fork, and after the play.
        """
        self._check_open()
        row = self.row.copy()
        begun = self._hear(row, observation)
        how = self._decoding(stop, max_new_tokens, len(begun))
        row.choose(begun, None, _certain(len(begun)))
        self.asking = True
        try:
            said = [*begun, *await self._generate(row, how)]
        except IntegrityError as error:
            self.record.broken = error
            raise
        finally:
            self.asking = False
        text = self.record.renderer.text(said)
        row.reply(len(said), text, self.record.renderer.char_ends(said, text), state)
        self.row = row
        return Reply(text, row.finish)

    def _check_open(self) -> None:
        if self.closed:
            raise UsageError("this conversation was forked; speak to one of its forks")
        if self.asking:
            raise UsageError("this conversation still waits for a reply; await it, or fork before")
        if self.record.over:
            raise UsageError("the play is over; await all replies before the environment returns")

    def _hear(self, row: Row, observation: Prompt) -> tuple[int, ...]:
        """Append the observation; the tokens that the reply begins with, chosen by others."""
        play, first = self.record.play, not row.token_ids
        given = self.record.renderer
        heard = given.opening(observation) if first else given.following(observation)
        row.hear(heard, messages_of(observation) if observation else ())
        return play.prefix if first and not self.seat_name else ()

    def _decoding(self, stop: Sequence[str], max_new_tokens: int, begun: int) -> Decoding:
        if max_new_tokens < 0:
            raise UsageError(
                f"max_new_tokens is {max_new_tokens}; give 1 or more, or 0 for "
                "decoding.max_new_tokens"
            )
        if "" in stop:  # which is in every text, too
            raise UsageError(f"stop is {stop!r}; give a tuple of strings, none of them empty")
        how = self.record.play.decoding
        most = min(max_new_tokens or how.max_new_tokens, how.max_new_tokens)
        return replace(how, max_new_tokens=max(1, most - begun), stop=(*how.stop, *stop))

    async def _generate(self, row: Row, how: Decoding) -> list[int]:
        """Tokens until the reply has ended; new weights may arrive on the way."""
        said: list[int] = []
        left = how.max_new_tokens
        while True:
            found = await self.record.generator.generate(
                row.token_ids,
                replace(how, max_new_tokens=left),
                seed=self.seed,
                offset=row.chosen,
                session=self.session,
                fork_of=self.fork_of,
            )
            ids = found.token_ids.tolist()
            columns = {"logp": found.logp, **found.columns}
            if found.entropy is not None:
                columns["entropy"] = found.entropy
            start = 0
            for size, version in found.spans:
                part = slice(start, start + size)
                row.choose(ids[part], version, {k: x[part] for k, x in columns.items()})
                start += size
            said += ids
            left -= len(ids)
            if found.finish is not None:
                row.finish = found.finish
                return said

    def fork(self, number: int) -> "tuple[Recorder, ...]":
        """So many conversations that go on from here; this one is closed.

        The first is the trunk; the others are its children, with seeds of their own.
        """
        self._check_open()
        if number < 1:
            raise UsageError(f"fork into {number} conversations; give 1 or more")
        self.closed = True
        return tuple(self._child(n) for n in range(number))

    def _child(self, n: int) -> "Recorder":
        path = (*self.path, len(self.row.acts), n)
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
            fork_of=self.session,
            session=f"{name}:{next(_SESSIONS)}",
            closed=False,
            row=self.row.copy(),
        )
        self.record.handles.append(child)
        return child

    def seat(self, name: str) -> "Recorder":
        """The conversation of another seat in the same play."""
        return self.record.seat(name)

    def end(self, verdict: Verdict) -> None:
        """This conversation's own verdict, where the play's is not the same for all."""
        self._check_open()
        self.verdict = verdict

    def rollout(self, verdict: Verdict | None) -> Rollout:
        """What was recorded, sealed."""
        return self.row.recorded(
            task=self.record.task,
            seed=self.seed,
            id=self.id,
            seat=self.seat_name,
            parent=self.parent,
            forked_at=self.forked_at,
            decoding=self.record.play.decoding,
            verdict=self.verdict if self.verdict is not None else verdict,
        ).sealed()


def _certain(size: int) -> dict[str, ndarray]:
    """What is recorded of tokens that others chose: probability 1, no doubt."""
    zeros = np.zeros(size, np.float32)
    return {"logp": zeros, "entropy": zeros, "self_certainty": zeros}

"""The policy's handle: one conversation, written down as it happens."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import count
from typing import Any

import numpy as np
from numpy import ndarray

from whet.protocols import Generator, Renderer
from whet.types import (
    Act,
    Decoding,
    Finish,
    Message,
    Play,
    Prompt,
    Refusal,
    Reply,
    Rollout,
    Span,
    Task,
    Verdict,
    Version,
    seed_of,
)
from whet.types.messages import ASSISTANT, messages_of

_SESSIONS = count()  # names of sessions, unlike in one process


@dataclass(slots=True)
class Record:
    """Everything that one play has recorded: its handles, in the order of their opening."""

    generator: Generator
    renderer: Renderer
    task: Task
    play: Play
    handles: "list[Recorder]" = field(default_factory=list)

    def seat(self, name: str) -> "Recorder":
        """The conversation of a seat; the same one every time."""
        known = (h for h in self.handles if h.seat_name == name and not h.path)
        return next(known, None) or Recorder.at(self, name, seed_of(self.play.seed, name))

    def rollouts(self, verdict: Verdict | None) -> Iterator[Rollout]:
        """Of every handle that spoke and was not forked; `verdict` is for those without one."""
        return (h.rollout(verdict) for h in self.handles if h.acts and not h.closed)

    def end(self) -> None:
        """Free what the generator keeps for this play."""
        for handle in self.handles:
            self.generator.end(handle.session)


@dataclass(slots=True)
class Recorder:
    """One conversation with the policy, as an environment sees it.

    Ids are appended and never changed: what the policy chose stays as sampled, what the world says
    is tokenised once.
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
    token_ids: list[int] = field(default_factory=list)
    action_mask: list[bool] = field(default_factory=list)
    chosen: int = 0
    columns: dict[str, list[ndarray]] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    finish: Finish = Finish.STOP
    verdict: Verdict | None = None
    closed: bool = False

    @classmethod
    def at(cls, record: Record, seat: str, seed: int) -> "Recorder":
        """A new conversation, which the record keeps."""
        place = (record.task.id, record.play, seat, record.generator.held())
        name = blake2b(repr(place).encode(), digest_size=8).hexdigest()
        opened = cls(record, seat, seed, name, session=f"{name}:{next(_SESSIONS)}")
        record.handles.append(opened)
        return opened

    async def __call__(
        self, observation: Prompt, *, stop: tuple[str, ...] = (), length: int = 0, state: str = ""
    ) -> Reply:
        """Say `observation` to the policy; its reply.

        `stop` adds strings that end this reply, `length` limits its tokens (0: as the decoding
        says), `state` names what the reply answers, for credit by state.
        """
        if self.closed:
            raise Refusal("this conversation was forked; speak to one of its forks")
        begun = self._hear(observation)
        self._record(begun, None, _certain(len(begun)))
        how = self._decoding(stop, length, len(begun))
        said = [*begun, *await self._generate(how)]
        text = self.record.renderer.text(said)
        ends = self.record.renderer.char_ends(said, text)
        self.columns.setdefault("char_ends", []).append(_NONE if ends is None else ends)
        stop_at = len(self.token_ids)
        self.acts.append(
            Act(
                start=stop_at - len(said),
                stop=stop_at,
                message=len(self.messages),
                state=state,
                finish=self.finish,
            )
        )
        self.messages.append({"role": ASSISTANT, "content": text})
        return Reply(text, self.finish)

    def _hear(self, observation: Prompt) -> tuple[int, ...]:
        """Append the observation; the tokens that the reply begins with, chosen by others."""
        play, first = self.record.play, not self.token_ids
        given = self.record.renderer
        heard = given.opening(observation) if first else given.following(observation)
        self.token_ids.extend(heard)
        self.action_mask.extend([False] * len(heard))
        if observation:
            self.messages.extend(messages_of(observation))
        return play.prefix if first and not self.seat_name else ()

    def _decoding(self, stop: tuple[str, ...], length: int, begun: int) -> Decoding:
        how = self.record.play.decoding
        most = min(length or how.length, how.length)
        return replace(how, length=max(1, most - begun), stop=(*how.stop, *stop))

    async def _generate(self, how: Decoding) -> list[int]:
        """Tokens until the reply has ended; new weights may arrive on the way."""
        said: list[int] = []
        left = how.length
        while True:
            found = await self.record.generator.generate(
                self.token_ids,
                replace(how, length=left),
                seed=self.seed,
                offset=self.chosen,
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
                self._record(ids[part], version, {k: x[part] for k, x in columns.items()})
                start += size
            said += ids
            left -= len(ids)
            if found.finish is not None:
                self.finish = found.finish
                return said

    def _record(self, ids: Any, version: Version | None, columns: dict[str, ndarray]) -> None:
        if not len(ids):
            return
        self.token_ids.extend(ids)
        self.action_mask.extend([True] * len(ids))
        self.chosen += len(ids)
        if self.spans and self.spans[-1].version == version:
            self.spans[-1] = Span(self.spans[-1].tokens + len(ids), version)
        else:
            self.spans.append(Span(len(ids), version))
        for name, column in columns.items():
            self.columns.setdefault(name, []).append(column)

    def fork(self, number: int) -> "tuple[Recorder, ...]":
        """So many conversations that go on from here; this one is closed.

        The first is the trunk; the others are its children, with seeds of their own.
        """
        if number < 1:
            raise Refusal(f"fork into {number} conversations; give 1 or more")
        self.closed = True
        return tuple(self._child(n) for n in range(number))

    def _child(self, n: int) -> "Recorder":
        path = (*self.path, len(self.acts), n)
        name = (
            self.id
            if n == 0
            else blake2b(repr((self.id, path)).encode(), digest_size=8).hexdigest()
        )
        child = replace(
            self,
            id=name,
            path=path,
            seed=seed_of(self.seed, len(self.acts), n),
            parent=self.parent if n == 0 else self.id,
            forked_at=self.forked_at if n == 0 else self.chosen,
            fork_of=self.session,
            session=f"{name}:{next(_SESSIONS)}",
            closed=False,
            token_ids=list(self.token_ids),
            action_mask=list(self.action_mask),
            columns={k: list(parts) for k, parts in self.columns.items()},
            spans=list(self.spans),
            acts=list(self.acts),
            messages=list(self.messages),
        )
        self.record.handles.append(child)
        return child

    def seat(self, name: str) -> "Recorder":
        """The conversation of another seat in the same play."""
        return self.record.seat(name)

    def end(self, verdict: Verdict) -> None:
        """This conversation's own verdict, where the play's is not the same for all."""
        self.verdict = verdict

    def rollout(self, verdict: Verdict | None) -> Rollout:
        """What was recorded, sealed."""
        columns = {name: np.concatenate(parts) for name, parts in self.columns.items()}
        columns = {name: x for name, x in columns.items() if len(x) == self.chosen}
        return Rollout(
            id=self.id,
            task=self.record.task,
            seed=self.seed,
            seat=self.seat_name,
            parent=self.parent,
            forked_at=self.forked_at,
            token_ids=np.array(self.token_ids, np.int32),
            action_mask=np.array(self.action_mask, np.bool_),
            behaviour_logp=columns.pop("logp"),
            entropy=columns.pop("entropy", None),
            columns=columns,
            spans=tuple(self.spans),
            acts=tuple(self.acts),
            messages=tuple(self.messages),
            decoding=self.record.play.decoding,
            finish=self.finish,
            verdict=self.verdict if self.verdict is not None else verdict,
        ).sealed()


_NONE = np.zeros(0, np.int32)


def _certain(size: int) -> dict[str, ndarray]:
    """What is recorded of tokens that others chose: probability 1, no doubt."""
    zeros = np.zeros(size, np.float32)
    return {"logp": zeros, "entropy": zeros, "self_certainty": zeros}

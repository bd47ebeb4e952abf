"""Continuous batching: every step decodes one token of each live sequence.

Finished sequences leave when the next step begins, and waiting ones take their place. So a session
that asks again at once keeps its position. Sequences stay dense: the last one moves into a gap.
Order and neighbours do not change a rollout's tokens, because its random numbers are counter-based
and its attention sees its own path only.
"""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.cache import DecodeStep, KVCache, Reading, read
from whet.engines.embedded.decoding import SamplingTensors, draw
from whet.engines.embedded.extending import ExtendPrefill, shared_lines
from whet.engines.embedded.forest import common
from whet.engines.embedded.lines import Lines
from whet.engines.embedded.prompts import Prompts
from whet.engines.embedded.randomness import uniforms
from whet.engines.embedded.session_cache import SessionCache
from whet.engines.embedded.sessions import SequenceState, Session, sampled
from whet.types import IntegrityError


class RandomState(NamedTuple):
    """Random stream and decoding settings of each live sequence."""

    seed: Tensor
    offset: Tensor
    sampling: SamplingTensors


class DecodeBatch(NamedTuple):
    """Tensors that are valid until a sequence enters or leaves the batch."""

    shared: Reading
    reach: Tensor  # tokens of each sequence's shared line
    line: Tensor  # own line of each sequence
    rng: RandomState


@dataclass(slots=True)
class Scheduler:
    """Decodes at most `slots` sequences at once; other turns wait in a queue."""

    backbone: Backbone
    decode: Callable[[Sequence[int]], str]
    slots: int
    prompts: Prompts
    own: KVCache
    parked: int = 1024  # most sessions that keep their keys between two turns
    waiting: deque[SequenceState] = field(default_factory=deque)
    sessions: dict[str, Session] = field(default_factory=dict)
    memory: SessionCache = field(init=False)
    asked: int = 0  # prompt tokens in all
    extended: int = 0  # prompt tokens computed outside of shared lines
    reread: int = 0  # extended tokens that had been computed before
    decoded: int = 0
    batch: DecodeBatch | None = None

    def __post_init__(self) -> None:
        self.memory = SessionCache(self.prompts, Lines(self.own), self.parked)

    @property
    def live(self) -> list[Session]:
        """The live sequences, including those that ended since the last step began."""
        return self.memory.lines.live

    @property
    def idle(self) -> bool:
        """True if no reply is in progress or waiting."""
        return not self.waiting and all(session.sequence is None for session in self.live)

    @property
    def shared(self) -> int:
        """Number of prompt tokens that were read from the cache."""
        return self.asked - self.prompts.prefilled - self.extended

    @torch.inference_mode()
    def ask(self, sequence: SequenceState, name: str, fork_of: str = "") -> None:
        """Queue a turn of a session; a new session may start as a fork of `fork_of`."""
        new = name not in self.sessions
        session = self.sessions.setdefault(name, Session(ended=False))
        if session.sequence is not None:
            raise IntegrityError(f"session {name!r} already has a reply in progress")
        sequence.session, session.sequence = session, sequence
        if new and fork_of in self.sessions:
            self.memory.branch(self.sessions[fork_of], session, sequence.prompt)
            self.batch = None
        elif new:
            self.memory.expect(session, sequence.prompt)
        if not self.memory.lines.holds(session):
            self.waiting.append(sequence)

    @torch.inference_mode()
    def end(self, name: str) -> SequenceState | None:
        """Free the memory of a session; the turn that was pending, if any."""
        session = self.sessions.pop(name, None)
        if session is None:
            return None
        sequence = session.sequence
        if sequence is not None:
            self.drop(sequence)
        session.ended = True
        self.memory.end(session)
        self.batch = None
        if all(row.ended and row.sequence is None for row in self.live):
            self._settle()
        return sequence

    def drop(self, sequence: SequenceState) -> None:
        """Abandon a turn; the session keeps the tokens that it has."""
        if sequence.session.sequence is sequence:
            sequence.session.sequence = None
        self.memory.abandon(sequence.session, sequence.prompt)
        with suppress(ValueError):
            self.waiting.remove(sequence)

    @torch.inference_mode()
    def interrupt(self) -> list[SequenceState]:
        """Stop every reply and drop all keys; the turns that had tokens."""
        cut = [s.sequence for s in self.live if s.sequence is not None and s.sequence.tokens]
        unbegun = [
            s.sequence for s in self.live if s.sequence is not None and not s.sequence.tokens
        ]
        for sequence in cut:
            sequence.session.sequence = None
        self.waiting.extendleft(reversed(unbegun))
        self.memory.clear(self.sessions.values())
        self.batch = None
        return cut

    def reset(self) -> None:
        """Drop all sessions and all turns."""
        self.interrupt()
        self.sessions.clear()
        self.waiting.clear()
        self.memory.openings.clear()

    @torch.inference_mode()
    def step(self) -> list[SequenceState]:
        """Admit waiting turns, decode one token of each live sequence; the turns that ended."""
        self._settle()
        self._admit()
        ended = self._retire()
        if any(session.sequence is not None for session in self.live):
            self._settle()
            self._decode()
            ended += self._retire()
        for row in reversed(range(len(self.live))):
            if self.live[row].ended and self.live[row].sequence is None:
                self._leave(row)
        return ended

    def _settle(self) -> None:
        """Remove sequences without a turn from the batch."""
        for row in reversed(range(len(self.live))):
            if self.live[row].sequence is None:
                self._leave(row)

    def _leave(self, row: int) -> None:
        self.batch = None
        if self.live[row].ended:
            self.memory.leave(row)
        else:
            self.memory.rest(row)

    def _admit(self) -> None:
        fresh = [s.sequence for s in self.live if s.sequence is not None and not s.sequence.tokens]
        while self.waiting and len(self.live) < self.slots:
            sequence = self.waiting.popleft()
            sequence.session.sequence = sequence
            self.memory.wake(sequence.session)
            fresh.append(sequence)
        if fresh:
            self.batch = None
            self.memory.fit(fresh)
            self._draw(fresh, self._read(fresh), _rng(fresh, self.backbone.device))

    def _read(self, sequences: Sequence[SequenceState]) -> Tensor:
        """The logits after each prompt."""
        rests = [sequence.prompt[sequence.session.length :] for sequence in sequences]
        for sequence, rest in zip(sequences, rests, strict=True):
            again = common(sequence.session.lost, sequence.prompt) - sequence.session.length
            sequence.session.lost = ()
            self.reread += max(0, again)
            self.asked += len(sequence.prompt)
            self.extended += len(rest)
        more = [k for k, rest in enumerate(rests) if rest]
        logits: list[Tensor | None] = [
            t.session.shared and t.session.shared.logits for t in sequences
        ]
        if more:
            extension = ExtendPrefill(self.backbone, self.memory, self.prompts.budget)
            rows = [sequences[k].session for k in more]
            for k, found in zip(
                more, extension.logits(rows, [rests[k] for k in more]), strict=True
            ):
                logits[k] = found
        return torch.stack([x for x in logits if x is not None])

    def _decode(self) -> None:
        live = self.live
        batch = self.batch = self.batch or self._decode_batch(live)
        device = self.backbone.device
        count = [len(session.own) for session in live]
        position, longest = torch.tensor(count, device=device), max(count) + 1
        self.own.reserve(len(live), longest)
        forest = DecodeStep(
            shared=batch.shared,
            own=read(self.own, range(len(live)), position + 1, longest),
            line=batch.line,
            position=position,
            longest=max(session.length for session in live) + 1,
        )
        sequences = [session.sequence for session in live if session.sequence is not None]
        last = [sequence.tokens[-1] for sequence in sequences]
        tokens = torch.tensor(last, device=device)
        hidden = self.backbone.hidden(tokens, batch.reach + position, forest)
        for session, token in zip(live, last, strict=True):
            session.own.append(token)
        self._draw(sequences, self.backbone.logits(hidden), batch.rng)

    def _draw(self, sequences: Sequence[SequenceState], logits: Tensor, rng: RandomState) -> None:
        place = torch.tensor([len(sequence.tokens) for sequence in sequences], device=logits.device)
        drawn = draw(logits, rng.sampling, uniforms(rng.seed, rng.offset + place))
        for sequence, choice in zip(sequences, sampled(drawn), strict=True):
            sequence.take(choice, self.decode)
        self.decoded += len(sequences)

    def _retire(self) -> list[SequenceState]:
        """The turns that have ended; their sequences keep their positions."""
        ended = [
            s.sequence
            for s in self.live
            if s.sequence is not None and s.sequence.finish is not None
        ]
        for sequence in ended:
            sequence.session.sequence = None
        return ended

    def _decode_batch(self, live: Sequence[Session]) -> DecodeBatch:
        device = self.backbone.device
        reach = torch.tensor([session.reach for session in live], device=device)
        furthest = max(session.reach for session in live)
        return DecodeBatch(
            shared=read(self.prompts.kv_cache, shared_lines(live), reach, furthest),
            reach=reach,
            line=torch.arange(len(live), device=device),
            rng=_rng([s.sequence for s in live if s.sequence is not None], device),
        )


def _rng(sequences: Sequence[SequenceState], device: torch.device) -> RandomState:
    settings = [sequence.decoding for sequence in sequences]
    return RandomState(
        seed=torch.tensor([sequence.seed for sequence in sequences], device=device),
        offset=torch.tensor([sequence.offset for sequence in sequences], device=device),
        sampling=SamplingTensors(
            temperature=torch.tensor([float(s.temperature) for s in settings], device=device),
            top_p=torch.tensor([float(s.top_p) for s in settings], device=device),
            top_k=torch.tensor([s.top_k for s in settings], device=device),
            min_p=torch.tensor([float(s.min_p) for s in settings], device=device),
        ),
    )

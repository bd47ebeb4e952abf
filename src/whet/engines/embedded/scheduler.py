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
from whet.engines.embedded.cache import Reading, Slab, Steps, read
from whet.engines.embedded.decoding import Knobs, draw
from whet.engines.embedded.extending import Extension, shared_lines
from whet.engines.embedded.forest import common
from whet.engines.embedded.lines import Lines
from whet.engines.embedded.memory import Memory
from whet.engines.embedded.prompts import Prompts
from whet.engines.embedded.randomness import uniforms
from whet.engines.embedded.sessions import Choice, Session, Turn
from whet.types import Broken


class Dice(NamedTuple):
    """Random stream and decoding settings of each live sequence."""

    seed: Tensor
    offset: Tensor
    knobs: Knobs


class Crew(NamedTuple):
    """Tensors that are valid until a sequence enters or leaves the batch."""

    shared: Reading
    reach: Tensor  # tokens of each sequence's shared line
    line: Tensor  # own line of each sequence
    dice: Dice


@dataclass(slots=True)
class Scheduler:
    """Decodes at most `slots` sequences at once; other turns wait in a queue."""

    backbone: Backbone
    says: Callable[[Sequence[int]], str]
    slots: int
    prompts: Prompts
    own: Slab
    parked: int = 1024  # most sessions that keep their keys between two turns
    waiting: deque[Turn] = field(default_factory=deque)
    sessions: dict[str, Session] = field(default_factory=dict)
    memory: Memory = field(init=False)
    asked: int = 0  # prompt tokens in all
    extended: int = 0  # prompt tokens computed outside of shared lines
    reread: int = 0  # extended tokens that had been computed before
    decoded: int = 0
    crew: Crew | None = None

    def __post_init__(self) -> None:
        self.memory = Memory(self.prompts, Lines(self.own), self.parked)

    @property
    def live(self) -> list[Session]:
        """The live sequences, including those that ended since the last step began."""
        return self.memory.lines.live

    @property
    def idle(self) -> bool:
        """True if no reply is in progress or waiting."""
        return not self.waiting and all(session.turn is None for session in self.live)

    @property
    def shared(self) -> int:
        """Number of prompt tokens that were read from the cache."""
        return self.asked - self.prompts.prefilled - self.extended

    @torch.inference_mode()
    def ask(self, turn: Turn, name: str, fork_of: str = "") -> None:
        """Queue a turn of a session; a new session may start as a fork of `fork_of`."""
        new = name not in self.sessions
        session = self.sessions.setdefault(name, Session(ended=False))
        if session.turn is not None:
            raise Broken(f"session {name!r} already has a reply in progress")
        turn.continues(session.cut)
        turn.session, session.turn, session.cut = session, turn, None
        if new and fork_of in self.sessions:
            self.memory.branch(self.sessions[fork_of], session, turn.prompt)
            self.crew = None
        if not self.memory.lines.holds(session):
            self.waiting.append(turn)

    @torch.inference_mode()
    def end(self, name: str) -> Turn | None:
        """Free the memory of a session; the turn that was pending, if any."""
        session = self.sessions.pop(name, None)
        if session is None:
            return None
        turn = session.turn
        if turn is not None:
            self.drop(turn)
        session.ended = True
        self.memory.end(session)
        self.crew = None
        if all(row.ended and row.turn is None for row in self.live):
            self._settle()
        return turn

    def drop(self, turn: Turn) -> None:
        """Abandon a turn; the session keeps the tokens that it has."""
        if turn.session.turn is turn:
            turn.session.turn = None
        with suppress(ValueError):
            self.waiting.remove(turn)

    @torch.inference_mode()
    def interrupt(self) -> list[Turn]:
        """Stop every reply and drop all keys; the turns that had tokens."""
        cut = [s.turn for s in self.live if s.turn is not None and s.turn.tokens]
        unbegun = [s.turn for s in self.live if s.turn is not None and not s.turn.tokens]
        for turn in cut:
            turn.session.turn, turn.session.cut = None, turn
        self.waiting.extendleft(reversed(unbegun))
        self.memory.clear(self.sessions.values())
        self.crew = None
        return cut

    def reset(self) -> None:
        """Drop all sessions and all turns."""
        self.interrupt()
        self.sessions.clear()
        self.waiting.clear()

    @torch.inference_mode()
    def step(self) -> list[Turn]:
        """Admit waiting turns, decode one token of each live sequence; the turns that ended."""
        self._settle()
        self._admit()
        ended = self._retire()
        if any(session.turn is not None for session in self.live):
            self._settle()
            self._decode()
            ended += self._retire()
        for row in reversed(range(len(self.live))):
            if self.live[row].ended and self.live[row].turn is None:
                self._leave(row)
        return ended

    def _settle(self) -> None:
        """Remove sequences without a turn from the batch."""
        for row in reversed(range(len(self.live))):
            if self.live[row].turn is None:
                self._leave(row)

    def _leave(self, row: int) -> None:
        self.crew = None
        if self.live[row].ended:
            self.memory.leave(row)
        else:
            self.memory.rest(row)

    def _admit(self) -> None:
        fresh = [s.turn for s in self.live if s.turn is not None and not s.turn.tokens]
        while self.waiting and len(self.live) < self.slots:
            turn = self.waiting.popleft()
            turn.session.turn = turn
            self.memory.wake(turn.session)
            fresh.append(turn)
        if fresh:
            self.crew = None
            self.memory.fit(fresh)
            self._draw(fresh, self._read(fresh), _dice(fresh, self.backbone.device))

    def _read(self, turns: Sequence[Turn]) -> Tensor:
        """The logits after each prompt."""
        rests = [turn.prompt[turn.session.length :] for turn in turns]
        for turn, rest in zip(turns, rests, strict=True):
            again = common(turn.session.lost, turn.prompt) - turn.session.length
            turn.session.lost = ()
            self.reread += max(0, again)
            self.asked += len(turn.prompt)
            self.extended += len(rest)
        more = [k for k, rest in enumerate(rests) if rest]
        logits: list[Tensor | None] = [t.session.shared and t.session.shared.logits for t in turns]
        if more:
            extension = Extension(self.backbone, self.memory, self.prompts.budget)
            rows = [turns[k].session for k in more]
            for k, found in zip(
                more, extension.logits(rows, [rests[k] for k in more]), strict=True
            ):
                logits[k] = found
        return torch.stack([x for x in logits if x is not None])

    def _decode(self) -> None:
        live = self.live
        crew = self.crew = self.crew or self._mustered(live)
        device = self.backbone.device
        count = [len(session.own) for session in live]
        turn, longest = torch.tensor(count, device=device), max(count) + 1
        self.own.reserve(len(live), longest)
        forest = Steps(
            shared=crew.shared,
            own=read(self.own, range(len(live)), turn + 1, longest),
            line=crew.line,
            turn=turn,
            longest=max(session.length for session in live) + 1,
        )
        turns = [session.turn for session in live if session.turn is not None]
        last = [turn.tokens[-1] for turn in turns]
        tokens = torch.tensor(last, device=device)
        hidden = self.backbone.hidden(tokens, crew.reach + turn, forest)
        for session, token in zip(live, last, strict=True):
            session.own.append(token)
        self._draw(turns, self.backbone.logits(hidden), crew.dice)

    def _draw(self, turns: Sequence[Turn], logits: Tensor, dice: Dice) -> None:
        place = torch.tensor([len(turn.tokens) for turn in turns], device=logits.device)
        drawn = draw(logits, dice.knobs, uniforms(dice.seed, dice.offset + place))
        columns = (column.tolist() for column in drawn)
        for turn, choice in zip(turns, map(Choice, *columns), strict=True):
            turn.take(choice, self.says)
        self.decoded += len(turns)

    def _retire(self) -> list[Turn]:
        """The turns that have ended; their sequences keep their positions."""
        ended = [s.turn for s in self.live if s.turn is not None and s.turn.finish is not None]
        for turn in ended:
            turn.session.turn = None
        return ended

    def _mustered(self, live: Sequence[Session]) -> Crew:
        device = self.backbone.device
        reach = torch.tensor([session.reach for session in live], device=device)
        furthest = max(session.reach for session in live)
        return Crew(
            shared=read(self.prompts.slab, shared_lines(live), reach, furthest),
            reach=reach,
            line=torch.arange(len(live), device=device),
            dice=_dice([s.turn for s in live if s.turn is not None], device),
        )


def _dice(turns: Sequence[Turn], device: torch.device) -> Dice:
    settings = [turn.decoding for turn in turns]
    return Dice(
        seed=torch.tensor([turn.seed for turn in turns], device=device),
        offset=torch.tensor([turn.offset for turn in turns], device=device),
        knobs=Knobs(
            temperature=torch.tensor([float(s.temperature) for s in settings], device=device),
            top_p=torch.tensor([float(s.top_p) for s in settings], device=device),
            top_k=torch.tensor([s.top_k for s in settings], device=device),
            min_p=torch.tensor([float(s.min_p) for s in settings], device=device),
        ),
    )

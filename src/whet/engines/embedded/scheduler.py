"""Continuous batching: every step decodes one token of each live row.

What ends leaves when the next step begins and what waits takes its place, so that a session that
asks again at once goes on where it is.  Rows stay dense: the last row moves into the hole.  Neither
order nor neighbours reach a rollout's text, because its dice are counted, not drawn, and its
attention sees its own path only.
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
from whet.types import IntegrityError


class Dice(NamedTuple):
    """How each row draws, and from which stream."""

    seed: Tensor
    offset: Tensor
    knobs: Knobs


class Crew(NamedTuple):
    """What stays the same from step to step while no row comes or goes."""

    shared: Reading
    reach: Tensor  # tokens of each row's shared line
    line: Tensor  # of each row's own keys
    dice: Dice


@dataclass(slots=True)
class Scheduler:
    """At most `slots` rows at once; the others wait their turn."""

    backbone: Backbone
    says: Callable[[Sequence[int]], str]
    slots: int
    prompts: Prompts
    own: Slab
    parked: int = 1024  # most sessions whose keys are kept between two turns
    waiting: deque[Turn] = field(default_factory=deque)
    sessions: dict[str, Session] = field(default_factory=dict)
    memory: Memory = field(init=False)
    asked: int = 0  # tokens of all prompts
    extended: int = 0  # tokens computed besides the shared lines
    reread: int = 0  # of these, tokens that had been computed before
    decoded: int = 0
    crew: Crew | None = None

    def __post_init__(self) -> None:
        """No row yet."""
        self.memory = Memory(self.prompts, Lines(self.own), self.parked)

    @property
    def live(self) -> list[Session]:
        """The rows, those included that have ended since the last step began."""
        return self.memory.lines.live

    @property
    def idle(self) -> bool:
        """No reply is under way or waits."""
        return not self.waiting and all(session.turn is None for session in self.live)

    @property
    def shared(self) -> int:
        """Tokens of prompts that were read from memory instead of being computed."""
        return self.asked - self.prompts.prefilled - self.extended

    @torch.inference_mode()
    def ask(self, turn: Turn, name: str, fork_of: str = "") -> None:
        """Put a turn of a session into the next steps; a new session may begin as `fork_of`."""
        new = name not in self.sessions
        session = self.sessions.setdefault(name, Session(ended=False))
        if session.turn is not None:
            raise IntegrityError(f"session {name!r} is asked while it still answers")
        turn.continues(session.cut)
        turn.session, session.turn, session.cut = session, turn, None
        if new and fork_of in self.sessions:
            self.memory.branch(self.sessions[fork_of], session, turn.prompt)
            self.crew = None
        if not self.memory.lines.holds(session):
            self.waiting.append(turn)

    @torch.inference_mode()
    def end(self, name: str) -> Turn | None:
        """Free what a session holds; the turn that its caller may still wait for."""
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
        """Its caller no longer waits; the session stays as far as it got."""
        if turn.session.turn is turn:
            turn.session.turn = None
        with suppress(ValueError):
            self.waiting.remove(turn)

    @torch.inference_mode()
    def interrupt(self) -> list[Turn]:
        """Stop every reply where it is and forget all keys; the turns that had begun."""
        cut = [s.turn for s in self.live if s.turn is not None and s.turn.tokens]
        unbegun = [s.turn for s in self.live if s.turn is not None and not s.turn.tokens]
        for turn in cut:
            turn.session.turn, turn.session.cut = None, turn
        self.waiting.extendleft(reversed(unbegun))
        self.memory.clear(self.sessions.values())
        self.crew = None
        return cut

    def reset(self) -> None:
        """Forget every session and every turn."""
        self.interrupt()
        self.sessions.clear()
        self.waiting.clear()

    @torch.inference_mode()
    def step(self) -> list[Turn]:
        """Let in what waits, decode one token of each live row; the turns that ended."""
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
        """Rows without a turn make room."""
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
        """Turns that have ended; their rows stay where they are."""
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

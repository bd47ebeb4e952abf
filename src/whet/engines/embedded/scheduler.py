"""Continuous batching: every step decodes one token of each live rollout.

What ends leaves at once and what waits takes its place.  Rows stay dense: the last row moves into
the hole.  Neither order nor neighbours reach a rollout's text, because its dice are counted, not
drawn, and its attention sees its own path only.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.cache import Decode, Slab
from whet.engines.embedded.decoding import Knobs, draw
from whet.engines.embedded.prompts import Prompts, Shared
from whet.engines.embedded.randomness import uniforms
from whet.types import Decoding, Finish


class Choice(NamedTuple):
    """A row of what was drawn."""

    token: int
    logp: float
    entropy: float
    certainty: float


@dataclass(slots=True, eq=False)
class Turn:
    """One reply that somebody waits for."""

    prompt: tuple[int, ...]  # all tokens before it
    decoding: Decoding
    seed: int
    offset: int  # tokens that this rollout chose in earlier turns
    ends: frozenset[int]
    tokens: list[int] = field(default_factory=list)
    logp: list[float] = field(default_factory=list)
    entropy: list[float] = field(default_factory=list)
    certainty: list[float] = field(default_factory=list)
    finish: Finish | None = None
    shared: Shared | None = None

    def take(self, drawn: Choice, says: Callable[[Sequence[int]], str]) -> None:
        """One more token; is it the last?"""
        token = drawn.token
        self.tokens.append(token)
        self.logp.append(drawn.logp)
        self.entropy.append(drawn.entropy)
        self.certainty.append(drawn.certainty)
        stops = self.decoding.stop
        if token in self.ends or (stops and self._says(stops, says)):
            self.finish = Finish.STOP
        elif len(self.tokens) == self.decoding.length:
            self.finish = Finish.LENGTH

    def _says(self, stops: tuple[str, ...], says: Callable[[Sequence[int]], str]) -> bool:
        """Every token says at least a byte, so a stop string ends within its last bytes' tokens."""
        reach = max(len(stop.encode()) for stop in stops) + 8
        text = says(self.tokens[-reach:])
        return any(stop in text for stop in stops)


class Dice(NamedTuple):
    """How each row draws, and from which stream."""

    seed: Tensor
    offset: Tensor
    knobs: Knobs


class Crew(NamedTuple):
    """What stays the same from step to step while nobody comes or goes."""

    prompt: Tensor  # the line of each row's prompt
    place: Tensor  # the how-manieth row of that prompt it is
    width: int
    prompt_bias: Tensor
    start: Tensor  # the position after the prompt
    dice: Dice


@dataclass(slots=True)
class Scheduler:
    """At most `slots` rollouts at once; the others wait their turn."""

    backbone: Backbone
    says: Callable[[Sequence[int]], str]
    slots: int
    prompts: Prompts
    own: Slab
    waiting: deque[Turn] = field(default_factory=deque)
    live: list[Turn] = field(default_factory=list)
    shared: int = 0
    decoded: int = 0
    crew: Crew | None = None

    @property
    def idle(self) -> bool:
        """Nobody waits for anything."""
        return not self.waiting and not self.live

    @torch.inference_mode()
    def step(self) -> list[Turn]:
        """Let in who waits, decode one token of each live row; who ended."""
        ended = self._admit()
        if self.live:
            self._decode()
        return ended + self._retire()

    def _admit(self) -> list[Turn]:
        room = min(self.slots - len(self.live), len(self.waiting))
        if not room:
            return []
        fresh = [self.waiting.popleft() for _ in range(room)]
        before = self.prompts.prefilled
        found = self.prompts.fetch(turn.prompt for turn in fresh)
        for turn, shared in zip(fresh, found, strict=True):
            turn.shared = shared
        read = sum(len(turn.prompt) for turn in fresh)
        self.shared += read - (self.prompts.prefilled - before)
        logits = torch.stack([shared.logits for shared in found])
        self._draw(fresh, logits, _dice(fresh, self.backbone.device))
        self.live.extend(turn for turn in fresh if turn.finish is None)
        self.crew = None
        ended = [turn for turn in fresh if turn.finish is not None]
        for turn in ended:
            self._release(turn)
        return ended

    def _decode(self) -> None:
        crew = self.crew = self.crew or self._mustered(self.live)
        device = self.backbone.device
        count = [len(turn.tokens) - 1 for turn in self.live]
        self.own.reserve(len(self.live), max(count) + 1)
        turn = torch.tensor(count, device=device)
        after = torch.arange(max(count) + 1, device=device) > turn[:, None]
        forest = Decode(
            prompts=self.prompts.slab,
            own=self.own,
            prompt=crew.prompt,
            place=crew.place,
            turn=turn,
            prompt_bias=crew.prompt_bias,
            own_bias=_barred(after, self.own.shape.dtype),
            width=crew.width,
            longest=max(len(t.prompt) for t in self.live) + max(count) + 1,
        )
        tokens = torch.tensor([t.tokens[-1] for t in self.live], device=device)
        hidden = self.backbone.hidden(tokens, crew.start + turn, forest)
        self._draw(self.live, self.backbone.logits(hidden), crew.dice)

    def _draw(self, turns: Sequence[Turn], logits: Tensor, dice: Dice) -> None:
        place = torch.tensor([len(turn.tokens) for turn in turns], device=logits.device)
        drawn = draw(logits, dice.knobs, uniforms(dice.seed, dice.offset + place))
        columns = (column.tolist() for column in drawn)
        for turn, choice in zip(turns, map(Choice, *columns), strict=True):
            turn.take(choice, self.says)
        self.decoded += len(turns)

    def _retire(self) -> list[Turn]:
        ended = [i for i, turn in enumerate(self.live) if turn.finish is not None]
        gone = [self.live[i] for i in ended]
        for i in reversed(ended):
            last = self.live.pop()
            if i < len(self.live):
                self.own.move(len(self.live), i, len(last.tokens))
                self.live[i] = last
            self.crew = None
        for turn in gone:
            self._release(turn)
        return gone

    def _release(self, turn: Turn) -> None:
        if turn.shared is not None:
            self.prompts.release(turn.shared)

    def _mustered(self, turns: Sequence[Turn]) -> Crew:
        device = self.backbone.device
        line = [turn.shared.line for turn in turns if turn.shared is not None]
        place = _places(line)
        reach = torch.tensor([len(shared.tokens) for shared in self.prompts.held], device=device)
        after = torch.arange(int(reach.max()), device=device) >= reach[:, None]
        return Crew(
            prompt=torch.tensor(line, device=device),
            place=torch.tensor(place, device=device),
            width=max(place) + 1,
            prompt_bias=_barred(after, self.own.shape.dtype),
            start=torch.tensor([len(turn.prompt) for turn in turns], device=device),
            dice=_dice(turns, device),
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


def _barred(away: Tensor, dtype: torch.dtype) -> Tensor:
    """0 where one may look, −∞ where one may not."""
    return torch.zeros(away.shape, dtype=dtype, device=away.device).masked_fill(away, float("-inf"))


def _places(lines: Sequence[int]) -> list[int]:
    """The how-manieth row of its prompt each row is."""
    seen: dict[int, int] = {}
    places = []
    for line in lines:
        places.append(seen.get(line, 0))
        seen[line] = places[-1] + 1
    return places

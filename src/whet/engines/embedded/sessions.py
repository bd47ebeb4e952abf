"""A session: one row of tokens that grows turn by turn, and where the keys of its tokens lie."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from whet.engines.embedded.forest import common
from whet.engines.embedded.prompts import CachedPrompt
from whet.types import Decoding, Finish


class SampledToken(NamedTuple):
    """A row of what was drawn."""

    token: int
    logp: float
    entropy: float
    certainty: float


@dataclass(slots=True, eq=False)
class Session:
    """A row: its keys are those of shared.tokens[:reach], then those of `own` in its own line.

    Without `shared` the keys are not in memory; `lost` then says what the row was.
    """

    ended: bool = True  # nothing of it stays after its turn
    shared: CachedPrompt | None = None
    reach: int = 0
    own: list[int] = field(default_factory=list)
    line: int = -1  # of the own cache; −1: none
    lost: tuple[int, ...] = ()
    sequence: "SequenceState | None" = None  # the reply that it is asked for now
    cut: "SequenceState | None" = None  # a reply that was interrupted

    @property
    def length(self) -> int:
        """Tokens whose keys are in memory."""
        return self.reach + len(self.own)

    def row(self) -> tuple[int, ...]:
        """The tokens whose keys are in memory, or were."""
        return self.lost if self.shared is None else (*self.shared.tokens[: self.reach], *self.own)

    def common(self, tokens: tuple[int, ...]) -> int:
        """How many tokens the row and these begin with in common."""
        return common(self.row(), tokens)


@dataclass(slots=True, eq=False)
class SequenceState:
    """One reply that a caller waits for."""

    prompt: tuple[int, ...]  # all tokens before it
    decoding: Decoding
    seed: int
    offset: int  # tokens that this rollout chose before
    ends: frozenset[int]
    session: Session = field(default_factory=Session)
    before: tuple[int, ...] = ()  # the same reply's tokens before an interruption
    tokens: list[int] = field(default_factory=list)
    logp: list[float] = field(default_factory=list)
    entropy: list[float] = field(default_factory=list)
    certainty: list[float] = field(default_factory=list)
    finish: Finish | None = None

    def take(self, drawn: SampledToken, decode: Callable[[Sequence[int]], str]) -> None:
        """One more token; is it the last?"""
        token = drawn.token
        self.tokens.append(token)
        self.logp.append(drawn.logp)
        self.entropy.append(drawn.entropy)
        self.certainty.append(drawn.certainty)
        stops = self.decoding.stop
        if token in self.ends or (stops and self._stops(stops, decode)):
            self.finish = Finish.STOP
        elif len(self.tokens) == self.decoding.max_new_tokens:
            self.finish = Finish.LENGTH

    def _stops(self, stops: tuple[str, ...], decode: Callable[[Sequence[int]], str]) -> bool:
        """Every token says at least a byte, so a stop string ends within its last bytes' tokens."""
        reach = max(len(stop.encode()) for stop in stops) + 8
        earlier = self.before[-missing:] if (missing := reach - len(self.tokens)) > 0 else ()
        text = decode([*earlier, *self.tokens[-reach:]])
        return any(stop in text for stop in stops)

    def continues(self, cut: "SequenceState | None") -> None:
        """Where it goes on from an interrupted reply, a stop string may have begun before it."""
        if cut is not None and self.prompt == (*cut.prompt, *cut.tokens):
            self.before = (*cut.before, *cut.tokens)

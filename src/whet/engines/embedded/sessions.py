"""Sessions, which grow turn by turn, and the location of their cached keys."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from os.path import commonprefix
from typing import NamedTuple

from whet.engines.embedded.decoding import SampledTokens
from whet.engines.embedded.forest import common
from whet.engines.embedded.prompts import CachedPrompt
from whet.types import Decoding, Finish
from whet.types.kept import WHOLE


class SampledToken(NamedTuple):
    """One sampled token with its statistics."""

    token: int
    logp: float
    entropy: float
    certainty: float
    kept: bytes = WHOLE


def sampled(drawn: SampledTokens) -> Iterator[SampledToken]:
    """The token of each sequence."""
    numbers = (drawn.token, drawn.logp, drawn.entropy, drawn.certainty)
    return map(SampledToken, *(column.tolist() for column in numbers), drawn.kept_sets())


@dataclass(slots=True, eq=False)
class Session:
    """The tokens of one conversation and the location of their cached keys.

    Its keys are those of shared.tokens[:reach], then those of `own` in its own line. Without
    `shared` no keys are cached; `lost` then holds its tokens.
    """

    ended: bool = True  # True: its memory is freed after its turn
    shared: CachedPrompt | None = None
    reach: int = 0
    own: list[int] = field(default_factory=list)
    line: int = -1  # line of the own cache; −1: none
    lost: tuple[int, ...] = ()
    sequence: "SequenceState | None" = None  # the reply in progress

    @property
    def length(self) -> int:
        """Number of tokens with cached keys."""
        return self.reach + len(self.own)

    def row(self) -> tuple[int, ...]:
        """The tokens with cached keys, or those before the keys were dropped."""
        return self.lost if self.shared is None else (*self.shared.tokens[: self.reach], *self.own)

    def common(self, tokens: tuple[int, ...]) -> int:
        """Length of the common prefix of the session's tokens and these."""
        return common(self.row(), tokens)


@dataclass(slots=True, eq=False)
class SequenceState:
    """One reply in progress."""

    prompt: tuple[int, ...]  # all tokens before the reply
    decoding: Decoding
    seed: int
    offset: int  # tokens that this rollout sampled before
    ends: frozenset[int]
    session: Session = field(default_factory=Session)
    before: tuple[int, ...] = ()  # tokens of the prompt that the reply begins with
    tokens: list[int] = field(default_factory=list)
    logp: list[float] = field(default_factory=list)
    entropy: list[float] = field(default_factory=list)
    certainty: list[float] = field(default_factory=list)
    kept: list[bytes] = field(default_factory=list)  # recorded where the decoding truncates
    finish: Finish | None = None

    def take(self, drawn: SampledToken, decode: Callable[[Sequence[int]], str]) -> None:
        """Append a sampled token, and set `finish` if it is the last one."""
        token = drawn.token
        self.tokens.append(token)
        self.logp.append(drawn.logp)
        self.entropy.append(drawn.entropy)
        self.certainty.append(drawn.certainty)
        self.kept.append(drawn.kept)
        stops = self.decoding.stop
        if token in self.ends or (stops and self._stops(stops, decode)):
            self.finish = Finish.STOP
        elif len(self.tokens) == self.decoding.max_new_tokens:
            self.finish = Finish.LENGTH

    def begins(self, said: int) -> None:
        """The reply begins with the last `said` tokens of the prompt."""
        self.before = self.prompt[len(self.prompt) - said :]

    def _stops(self, stops: tuple[str, ...], decode: Callable[[Sequence[int]], str]) -> bool:
        """True if a stop string ends in the last tokens; it may start in those before the reply.

        Every token decodes to at least one byte, so the tokens of the last bytes suffice. A
        character that the earlier tokens begin and do not complete is new.
        """
        reach = max(len(stop.encode()) for stop in stops) + 8
        earlier = self.before[-missing:] if (missing := reach - len(self.tokens)) > 0 else ()
        text = decode([*earlier, *self.tokens[-reach:]])
        known = len(commonprefix([decode(earlier), text])) if earlier else 0
        return any(stop in text[max(0, known - len(stop) + 1) :] for stop in stops)

"""The forms that a judge fills in.  A reply is read exactly or rejected; nothing is guessed."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from whet.rewards.generative.quotations import Unreadable as Unreadable
from whet.rewards.generative.quotations import after_thoughts, heading, last_verdict
from whet.types import ChatReply, Finish

_FENCE = re.compile(
    r"(?:([^\n`]*:[*_ ]*)\n\s*)?```(?:json)?[ \t]*\n(.*?)\n?```", re.DOTALL | re.IGNORECASE
)
_LETTERS = re.compile(r"[^a-z]")
_ABOVE = 0.01  # log-probs of servers are rounded
T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


@runtime_checkable
class AnswerForm(Protocol[T_co]):
    """An instruction to the judge, and a parser for its reply."""

    @property
    def instruction(self) -> str:
        """The text that asks for this form."""
        ...

    @property
    def schema(self) -> str:
        """The form as a JSON schema; empty where it is not JSON."""
        ...

    def read(self, completion: ChatReply) -> T_co:
        """The content of a reply.  Raises `Unreadable` for anything that is not in form."""
        ...


def _own(completion: ChatReply) -> str:
    """The reply without its thoughts.  A reply that is cut off may end in a quotation, or in half a
    number: it raises `Unreadable`.
    """
    if completion.finish is Finish.LENGTH:
        raise Unreadable("it is cut off; be brief")
    return after_thoughts(completion.text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise Unreadable("a key occurs twice")
    return dict(pairs)


def _never(text: str) -> Any:
    raise Unreadable(f"{text} is no number")


def entries(text: str, keys: Sequence[str]) -> dict[str, Any]:
    """The JSON object with exactly these keys that a text consists of.

    The object stands alone, or alone in a ``` fence, which may have a heading such as `Here is my
    rating:`.  With other words around it, it may be quoted.
    """
    fence = _FENCE.fullmatch(text.strip())
    body = fence[2] if fence and (not fence[1] or heading(fence[1])) else text.strip()
    try:
        found = json.loads(body, object_pairs_hook=_once, parse_constant=_never)
    except Unreadable:
        raise
    except (ValueError, RecursionError):  # not JSON, or a number of too many digits
        raise Unreadable(f"no JSON alone: {text[:80]!r}") from None
    if not isinstance(found, dict) or set(found) != set(keys):
        raise Unreadable(f"not an object with just {', '.join(keys)}: {text[:80]!r}")
    return found


def _object(properties: Mapping[str, Any]) -> str:
    shape = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return json.dumps(shape, sort_keys=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """An integer from `low` to `high` for each name."""

    names: tuple[str, ...] = ("score",)
    low: int = 1
    high: int = 10

    @property
    def instruction(self) -> str:
        blank = ", ".join(f"{json.dumps(name)}: …" for name in self.names)
        return f"Reply with the JSON {{{blank}}} and nothing else; whole numbers, {self.range}."

    @property
    def range(self) -> str:
        """The range in words, for the instruction."""
        return f"{self.low} (worst) to {self.high} (best)"

    @property
    def schema(self) -> str:
        mark = {"type": "integer", "minimum": self.low, "maximum": self.high}
        return _object(dict.fromkeys(self.names, mark))

    def read(self, completion: ChatReply) -> tuple[int, ...]:
        """The marks in the order of `names`."""
        found = entries(_own(completion), self.names)
        for name, mark in found.items():
            if type(mark) is not int or not self.low <= mark <= self.high:
                raise Unreadable(f"{name} is {mark!r:.20}, no whole number {self.range}")
        return tuple(found[name] for name in self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf(Generic[T]):
    """One of several words; `read` returns the meaning of the word."""

    key: str
    words: tuple[tuple[str, T], ...]  # each with what it means

    @property
    def instruction(self) -> str:
        words = " or ".join(json.dumps(word) for word, _ in self.words)
        return f"Reply with the JSON {{{json.dumps(self.key)}: …}} and nothing else; give {words}."

    @property
    def schema(self) -> str:
        return _object({self.key: {"type": "string", "enum": [word for word, _ in self.words]}})

    def read(self, completion: ChatReply) -> T:
        said = entries(_own(completion), (self.key,))[self.key]
        for word, meaning in self.words:
            if word == said:
                return meaning
        raise Unreadable(f"{self.key} is {said!r:.20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """Reasons, and a last line that is `Verdict: yes` or `Verdict: no`."""

    @property
    def instruction(self) -> str:
        return (
            "Give your reasons briefly. Then write a last line that is exactly "
            "`Verdict: yes` or `Verdict: no`."
        )

    @property
    def schema(self) -> str:
        return ""

    def read(self, completion: ChatReply) -> bool:
        """Whether the last line that is not blank says yes."""
        return last_verdict(_own(completion))


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaning:
    """A ruling with its probability: p(yes) / (p(yes) + p(no)) at the token of the verdict.

    Without log-probabilities, or if neither word is among the likeliest tokens, it is 1 or 0.
    """

    @property
    def instruction(self) -> str:
        return Ruling().instruction

    @property
    def schema(self) -> str:
        return ""

    def read(self, completion: ChatReply) -> tuple[float, bool]:
        """p(yes), and whether it comes from log-probabilities."""
        said = last_verdict(_own(completion))
        words = [_LETTERS.sub("", token.lower()) for token in completion.tokens]
        places = [i for i, word in enumerate(words) if word in ("yes", "no")]
        top = completion.top
        if top is None or not places or places[-1] >= len(top):
            return float(said), False
        likely = _numbers(top[places[-1]])
        yes, no = (_mass(likely, word) for word in ("yes", "no"))
        return (yes / (yes + no), True) if yes + no > 0 else (float(said), False)


def _numbers(likely: Mapping[str, float]) -> Mapping[str, float]:
    """The log-probs of a place.  Raises `Unreadable` for one that is none: NaN, or above 0."""
    odd = [logp for logp in likely.values() if not logp <= _ABOVE]
    if odd:
        raise Unreadable(f"a log-prob of {odd[0]}")
    return likely


def _mass(likely: Mapping[str, float], word: str) -> float:
    """The probability of all spellings of a word among the likeliest tokens."""
    return sum(
        exp(logp) for token, logp in likely.items() if _LETTERS.sub("", token.lower()) == word
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Digit:
    """A single digit from `low` to `high`, as its expectation under the judge's probabilities.

        E[s] = Σ_s s p(s) / Σ_s p(s)

    The sums go over the digits among the likeliest tokens at the position of the reply's digit.
    """

    low: int = 0
    high: int = 9

    @property
    def instruction(self) -> str:
        return f"Reply with one digit and nothing else: {self.low} (worst) to {self.high} (best)."

    @property
    def schema(self) -> str:
        return ""

    def read(self, completion: ChatReply) -> tuple[float, bool]:
        """E[s] and whether it comes from log-probabilities; without them, the digit itself."""
        legal = {str(s): s for s in range(self.low, self.high + 1)}
        said = _own(completion)
        if said not in legal:
            raise Unreadable(f"no digit from {self.low} to {self.high}: {said[:80]!r}")
        places = [i for i, token in enumerate(completion.tokens) if token.strip() == said]
        top = completion.top
        if top is None or not places or places[-1] >= len(top):
            return float(legal[said]), False
        mass: dict[int, float] = {}
        for token, logp in _numbers(top[places[-1]]).items():
            if token.strip() in legal:
                s = legal[token.strip()]
                mass[s] = mass.get(s, 0.0) + exp(logp)
        total = sum(mass.values())
        if not total:
            return float(legal[said]), False
        return sum(s * p for s, p in mass.items()) / total, True

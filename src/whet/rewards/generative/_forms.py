"""What a judge has to fill in, and how it is read: by the letter, or not at all."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import Any, Generic, Protocol, TypeVar

from whet.types import ChatReply

_FENCE = re.compile(r"```(?:json)?[ \t]*\n(.*?)\n?```", re.DOTALL)
_VERDICT = re.compile(r"[*_# ]*verdict[*_ ]*:[*_ ]*(yes|no)[*_. ]*", re.IGNORECASE)
_LETTERS = re.compile(r"[^a-z]")
T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Unreadable(ValueError):
    """The judge didn't fill in its form."""


class AnswerForm(Protocol[T_co]):
    """An instruction, and how what it brings is read."""

    @property
    def instruction(self) -> str:
        """What the judge shall write."""
        ...

    @property
    def schema(self) -> str:
        """The same as a JSON schema; empty where it isn't JSON."""
        ...

    def read(self, completion: ChatReply) -> T_co:
        """What it wrote.  Raises `Unreadable`; nothing is guessed."""
        ...


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise Unreadable("a key occurs twice")
    return dict(pairs)


def _never(text: str) -> Any:
    raise Unreadable(f"{text} is no number")


def entries(text: str, keys: Sequence[str]) -> dict[str, Any]:
    """The JSON object with just these keys that a reply is, thoughts apart.

    It stands alone, or in the reply's only ``` fence.
    """
    text = text.rpartition("</think>")[2].strip()
    fences = _FENCE.findall(text)
    body = fences[0] if len(fences) == 1 else text
    try:
        found = json.loads(body, object_pairs_hook=_once, parse_constant=_never)
    except (json.JSONDecodeError, RecursionError):
        raise Unreadable(f"no JSON: {text[:80]!r}") from None
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
    """A whole number from `low` to `high` for each name."""

    names: tuple[str, ...] = ("score",)
    low: int = 1
    high: int = 10

    @property
    def instruction(self) -> str:
        """The form."""
        blank = ", ".join(f"{json.dumps(name)}: …" for name in self.names)
        return f"Reply with the JSON {{{blank}}} and nothing else; whole numbers, {self.range}."

    @property
    def range(self) -> str:
        """In words."""
        return f"{self.low} (worst) to {self.high} (best)"

    @property
    def schema(self) -> str:
        """The same for machines."""
        mark = {"type": "integer", "minimum": self.low, "maximum": self.high}
        return _object(dict.fromkeys(self.names, mark))

    def read(self, completion: ChatReply) -> tuple[int, ...]:
        """In the order of the names."""
        found = entries(completion.text, self.names)
        for name, mark in found.items():
            if type(mark) is not int or not self.low <= mark <= self.high:
                raise Unreadable(f"{name} is {mark!r:.20}, no whole number {self.range}")
        return tuple(found[name] for name in self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf(Generic[T]):
    """One word of several, for one question."""

    key: str
    words: tuple[tuple[str, T], ...]  # each with what it means

    @property
    def instruction(self) -> str:
        """The form."""
        words = " or ".join(json.dumps(word) for word, _ in self.words)
        return f"Reply with the JSON {{{json.dumps(self.key)}: …}} and nothing else; give {words}."

    @property
    def schema(self) -> str:
        """The same for machines."""
        return _object({self.key: {"type": "string", "enum": [word for word, _ in self.words]}})

    def read(self, completion: ChatReply) -> T:
        """What the word means."""
        said = entries(completion.text, (self.key,))[self.key]
        for word, meaning in self.words:
            if word == said:
                return meaning
        raise Unreadable(f"{self.key} is {said!r:.20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """Reasons, and in the last line `Verdict: yes` or `Verdict: no`."""

    @property
    def instruction(self) -> str:
        """The form."""
        return (
            "Give your reasons briefly. Then write a last line that is exactly "
            "`Verdict: yes` or `Verdict: no`."
        )

    @property
    def schema(self) -> str:
        """None: reasons are prose."""
        return ""

    def read(self, completion: ChatReply) -> bool:
        """Of the last line that isn't empty."""
        return ruling(completion.text)


def ruling(text: str) -> bool:
    """The verdict in a text's last line.  Raises `Unreadable` where it is none."""
    text = text.rpartition("</think>")[2].rstrip()
    line = text.rpartition("\n")[2].strip()
    match = _VERDICT.fullmatch(line)
    if match is None:
        raise Unreadable(f"the last line is no verdict: {line[:80]!r}")
    return match[1].lower() == "yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaning:
    """The same, and how sure the judge was: p(yes) / (p(yes) + p(no)) where it says the word.

    Where no log-probabilities came, or none of the two words is among the likeliest, it is as sure
    as it sounds: 1 or 0.
    """

    @property
    def instruction(self) -> str:
        """The form."""
        return Ruling().instruction

    @property
    def schema(self) -> str:
        """None."""
        return ""

    def read(self, completion: ChatReply) -> tuple[float, bool]:
        """p(yes), and whether probabilities told."""
        said = ruling(completion.text)
        words = [_LETTERS.sub("", token.lower()) for token in completion.tokens]
        places = [i for i, word in enumerate(words) if word in ("yes", "no")]
        top = completion.top
        if top is None or not places or places[-1] >= len(top):
            return float(said), False
        likely = top[places[-1]]
        yes, no = (_mass(likely, word) for word in ("yes", "no"))
        return (yes / (yes + no), True) if yes + no > 0 else (float(said), False)


def _mass(likely: Mapping[str, float], word: str) -> float:
    """Of all spellings of a word among the likeliest tokens."""
    return sum(
        exp(logp) for token, logp in likely.items() if _LETTERS.sub("", token.lower()) == word
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Digit:
    """A single digit from `low` to `high`, and its expectation under the judge's probabilities.

        E[s] = Σ_s s p(s) / Σ_s p(s)

    over the digits among the likeliest tokens where the reply has its own.
    """

    low: int = 0
    high: int = 9

    @property
    def instruction(self) -> str:
        """The form."""
        return f"Reply with one digit and nothing else: {self.low} (worst) to {self.high} (best)."

    @property
    def schema(self) -> str:
        """None."""
        return ""

    def read(self, completion: ChatReply) -> tuple[float, bool]:
        """E[s], and whether probabilities told; without them, the digit itself."""
        legal = {str(s): s for s in range(self.low, self.high + 1)}
        said = completion.text.rpartition("</think>")[2].strip()
        if said not in legal:
            raise Unreadable(f"no digit from {self.low} to {self.high}: {said[:80]!r}")
        places = [i for i, token in enumerate(completion.tokens) if token.strip() == said]
        top = completion.top
        if top is None or not places or places[-1] >= len(top):
            return float(legal[said]), False
        mass: dict[int, float] = {}
        for token, logp in top[places[-1]].items():
            if token.strip() in legal:
                s = legal[token.strip()]
                mass[s] = mass.get(s, 0.0) + exp(logp)
        total = sum(mass.values())
        if not total:
            return float(legal[said]), False
        return sum(s * p for s, p in mass.items()) / total, True

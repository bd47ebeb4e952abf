"""What every constraint on a reply can do, and what several of them count."""

import re
from enum import StrEnum
from random import Random
from typing import ClassVar, Protocol, runtime_checkable

_WORD = re.compile(r"\w+")
_STOP = re.compile(r"[。！？।؟۔]|[.!?…]+[\"'”’)*\]]*(?=\s|$)")
_NEXT = re.compile(r"\s*(\S?)")
_TITLE = re.compile(r"(?<![^\s(])(?:[DM]r|Mrs|Ms|Prof|St|[JS]r|vs|e\.g|i\.e|[A-Z])$")
_SAID = (
    ("One person", "The old man", "A child", "Somebody", "My friend", "Another one"),
    ("sees", "finds", "likes", "wants", "shares"),
    ("the house", "a small boat", "the road", "some tea", "the first hill", "a clear sea", "it"),
)
_AROUND = 10  # percent


@runtime_checkable
class Constraint(Protocol):
    """A demand that a program can check.  Its fields are IFEval's arguments (arXiv:2311.07911)."""

    name: ClassVar[str]

    @classmethod
    def generate(cls, rng: Random) -> "Constraint":
        """Any demand of this kind."""
        ...

    def describe(self) -> str:
        """The demand, to whoever is to meet it."""
        ...

    def check(self, text: str) -> bool:
        """Whether the text meets the demand."""
        ...

    def mend(self, text: str) -> str:
        """The text, changed until it meets the demand; whatever else was true of it may end."""
        ...


class Relation(StrEnum):
    """How a count and the number asked for have to compare."""

    AT_LEAST = "at least"
    LESS_THAN = "less than"
    AROUND = "around"  # within a tenth, or 1

    def holds(self, count: int, wanted: int) -> bool:
        """Whether `count` has this relation to `wanted`."""
        if self is Relation.AROUND:
            return abs(count - wanted) * 100 <= max(_AROUND * wanted, 100)
        return count >= wanted if self is Relation.AT_LEAST else count < wanted

    def aim(self, count: int, wanted: int) -> int:
        """The count nearest to `count` that will do, of those that are easy to tell."""
        if self.holds(count, wanted):
            return count
        return max(wanted - 1, 0) if self is Relation.LESS_THAN else wanted


def words(text: str) -> list[str]:
    """Runs of letters and digits: `don't` and `well-known` are two words each."""
    return _WORD.findall(text)


def without_words(text: str, keep: int) -> str:
    """The text up to the end of its `keep`-th word."""
    ends = [found.end() for found in _WORD.finditer(text)]
    return text if len(ends) <= keep else text[: ends[keep - 1]] if keep else ""


def sentences(text: str) -> list[str]:
    """Stretches with a word in them, up to a full stop, a question or an exclamation mark.

    A plain rule, not a trained one: a full stop ends nothing before a small letter, nor after an
    initial or a title such as Dr.
    """
    pieces, start = [], 0
    for stop in _STOP.finditer(text):
        if _ends(text, stop):
            pieces.append(text[start : stop.end()])
            start = stop.end()
    pieces.append(text[start:])
    return [piece.strip() for piece in pieces if _WORD.search(piece)]


def _ends(text: str, stop: re.Match[str]) -> bool:
    if set(stop[0]) - set(".…\"'”’)*]"):
        return True
    following = _NEXT.match(text, stop.end())
    goes_on = following is not None and following[1].islower()
    return not goes_on and not _TITLE.search(text, max(stop.start() - 8, 0), stop.start())


def more(text: str, count: int) -> list[str]:
    """So many sentences to say after a text, hardly ever the same one twice."""
    start = len(sentences(text))
    return [
        " ".join(parts[place % len(parts)] for parts in _SAID) + "."
        for place in range(start, start + count)
    ]


def occurrences(needle: str, text: str) -> int:
    """How often a text occurs in another, whatever the case; overlaps count once."""
    return len(re.findall(re.escape(needle), text, re.IGNORECASE))


def whole(needle: str, text: str) -> bool:
    """Does it occur as a word of its own, whatever the case?"""
    return re.search(rf"(?<!\w){re.escape(needle)}(?!\w)", text, re.IGNORECASE) is not None

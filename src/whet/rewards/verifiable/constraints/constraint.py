"""The interface of a constraint on a reply, and the counts that several constraints use."""

import re
from enum import StrEnum
from random import Random
from typing import ClassVar, Protocol, runtime_checkable

_WORD = re.compile(r"\w*[^\W_]\w*")
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
    """A demand on a text that a program can check.

    Its fields are IFEval's arguments (arXiv:2311.07911).
    """

    name: ClassVar[str]

    @classmethod
    def generate(cls, rng: Random) -> "Constraint":
        """A random demand of this kind."""
        ...

    def describe(self) -> str:
        """The demand as an instruction to the policy."""
        ...

    def check(self, text: str) -> bool:
        """Whether the text meets the demand."""
        ...

    def mend(self, text: str) -> str:
        """The text, changed so that it meets the demand; it may then fail other demands."""
        ...


class Relation(StrEnum):
    """How a count must compare with the requested number."""

    AT_LEAST = "at least"
    LESS_THAN = "less than"
    AROUND = "around"  # within a tenth, or 1

    def holds(self, count: int, wanted: int) -> bool:
        """Whether `count` has this relation to `wanted`."""
        if self is Relation.AROUND:
            return abs(count - wanted) * 100 <= max(_AROUND * wanted, 100)
        return count >= wanted if self is Relation.AT_LEAST else count < wanted

    def aim(self, count: int, wanted: int) -> int:
        """The count nearest to `count` that satisfies the relation and is simple to describe."""
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
    """Stretches with a word in them, up to a full stop, a question mark or an exclamation mark.

    It is a simple rule, not a trained model: a full stop ends no sentence before a small letter,
    nor after an initial or a title such as Dr.
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
    """`count` sentences to continue a text, with few repetitions."""
    start = len(sentences(text))
    return [
        " ".join(parts[place % len(parts)] for parts in _SAID) + "."
        for place in range(start, start + count)
    ]


def keyword(needle: str) -> re.Pattern[str]:
    """A keyword in any case, as a word of its own or inflected (`rivers`, `river's`, `walked`).

    Scripts that put no space between words have it anywhere.
    """
    needle = needle.strip()
    before = r"(?<![^\W_])" if _spaced(needle[:1]) else ""
    after = r"(?:['’]s|e?s['’]?|e?d|ing)?(?![^\W_])" if _spaced(needle[-1:]) else ""
    return re.compile(before + re.escape(needle) + after, re.IGNORECASE)


def _spaced(sign: str) -> bool:
    return (sign.isalnum() or sign == "_") and not "\u0e00" <= sign <= "\u0eff" and sign < "\u2e80"


def occurrences(needle: str, text: str) -> int:
    """The number of occurrences of a keyword; overlapping ones count once."""
    return len(keyword(needle).findall(text))


def whole(needle: str, text: str) -> bool:
    """Whether the text has this word as a word of its own, in any case."""
    return re.search(rf"(?<![^\W_]){re.escape(needle)}(?![^\W_])", text, re.IGNORECASE) is not None

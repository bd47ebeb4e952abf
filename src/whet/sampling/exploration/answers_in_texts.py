"""Whether a text tells an answer, in whatever spelling, and how much of a text does not."""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from whet.rewards.verifiable.math.normal import bared, plain, unassigned
from whet.rewards.verifiable.math.number import Number, number

_POWERS = str.maketrans({"²": "^2", "³": "^3"})
_THOUSANDS = re.compile(r"(?<=\d)(?:,|\{,\})(?=\d{3}(?!\d))")
_BOXED = re.compile(r"\\(?:boxed|fbox)\{(.*)\}", re.DOTALL)
_NUMBERS = re.compile(
    r"-?(?:\\frac\{-?\d+\}\{\d+\}|(?:\d+(?:\.\d*)?|\.\d+)(?:/\d+|\^\d+|\^\{\d+\})?)(?:%| percent)?"
)


@dataclass(frozen=True, slots=True)
class ToldAnswers:
    """The answers of a task, as they are looked for in a text.

    An answer is told as a whole word or number, in upper or lower case, in any Unicode form, with
    or without LaTeX and layout; a number by any number of its value, such as 1,000 or 10^3. Words
    for numbers, and results that have yet to be computed, are not found.
    """

    written: tuple[str, ...]  # as they stand
    spelled: tuple[str, ...]  # in one spelling
    values: tuple[Number, ...]

    @classmethod
    def of(cls, answers: Iterable[str]) -> "ToldAnswers":
        """The answers without empty ones."""
        known = [_bare(answer) for answer in answers if answer.strip()]
        tidy = [_spelled(answer) for answer in known]
        spelled = {s for text in tidy for s in (text, bared(text), unassigned(text)[1])} - {""}
        values = (number(text) for text in known)
        return cls(
            tuple(_folded(answer.strip()) for answer in known),
            tuple(sorted(spelled)),
            tuple(value for value in values if value is not None),
        )

    def told(self, text: str) -> bool:
        """Whether the text tells one of the answers."""
        if not self.written:
            return False
        if _contains(_folded(text), self.written):
            return True
        spelled = _spelled(text)
        return _contains(spelled, self.spelled) or any(map(self._is_value, _values(spelled)))

    def _is_value(self, found: Number) -> bool:
        return any(value.agrees(found) for value in self.values)

    def untold(self, text: str) -> str:
        """The text up to the first line that tells an answer; of the first line, up to it."""
        if not self.told(text):
            return text
        lines = [found.end() for found in re.finditer(r"\n", text)]
        count = _first(len(lines), lambda i: self.told(text[: lines[i]]))
        while count and self.told(text[: lines[count - 1]]):
            count -= 1
        return text[: lines[count - 1]] if count else self._before(text[: [*lines, len(text)][0]])

    def _before(self, line: str) -> str:
        """A line that tells an answer, up to that answer."""
        places = [i for i in range(len(line) + 1) if not _within_word(line, i)]
        stop = _first(len(places) - 1, lambda i: self.told(line[: places[i]]))
        start = stop
        while start and not self.told(line[places[start] : places[stop]]):
            start -= 1
        return line[: places[start]]

    def begins_word(self, text: str) -> bool:
        """Whether a cut through some word or number of the text could tell an answer."""
        found = (re.search(_whole(one, cut=True), _folded(text)) for one in self.written)
        return any(match is not None for match in found)


def _bare(answer: str) -> str:
    boxed = _BOXED.fullmatch(answer.strip().strip("$"))
    return answer if boxed is None or not boxed[1].strip() else boxed[1]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text.translate(_POWERS)).casefold().replace("⁄", "/")


def _spelled(text: str) -> str:
    return plain(_THOUSANDS.sub("", _folded(text)))


def _values(spelled: str) -> Iterable[Number]:
    found = (number(match[0]) for match in _NUMBERS.finditer(spelled))
    return (value for value in found if value is not None)


def _contains(text: str, answers: Sequence[str]) -> bool:
    return any(one in text and re.search(_whole(one), text) is not None for one in answers)


def _whole(answer: str, *, cut: bool = False) -> str:
    """A pattern of the answer as a whole; `cut`: as the beginning of a longer word or number."""
    before = r"(?<![a-z0-9])" if re.match("[a-z0-9]", answer) else ""
    after = r"(?![a-z0-9])" if re.match("[a-z0-9]", answer[-1:]) else ""
    return before + re.escape(answer) + ("(?=[a-z0-9])" if cut else after)


def _first(count: int, holds: Callable[[int], bool]) -> int:
    """The first of `count` places where a condition holds that then holds on; else `count`."""
    return bisect_left(range(count), 1, key=holds)


def _within_word(text: str, place: int) -> bool:
    return bool(re.fullmatch("[A-Za-z0-9]{2}", text[max(place - 1, 0) : place + 1]))

"""English number words: `sixty-one`, `two and one eighth`, `two fifty-fifths`, `fourteenth`."""

import re
from fractions import Fraction

_UNDER_TWENTY = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SMALL = {word: value for value, word in enumerate(_UNDER_TWENTY)} | {
    word: 10 * value for value, word in enumerate(_TENS, 2)
}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_IRREGULAR = {
    "first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12,
    "hundredth": 100, "thousandth": 1000,
}  # fmt: skip
_ORDINALS = {
    word.removesuffix("y") + ("ieth" if word.endswith("y") else "th"): value
    for word, value in _SMALL.items()
} | _IRREGULAR
_PARTS = _ORDINALS | {"half": 2, "halve": 2, "quarter": 4}
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)?")
_COUNT = rf"(?:{'|'.join(_SMALL)})"
SAID = re.compile(  # a number in words within a text, with its parts: `two thirds`
    rf"\b(?:(?:minus|negative) )?{_COUNT}(?:[ -](?:(?:and )?{_COUNT}|hundred|{'|'.join(_SCALES)}))*"
    rf"(?:[ -](?:{'|'.join(sorted(_PARTS, key=len, reverse=True))})s?)?\b",
    re.IGNORECASE,
)
_TEN, _TWENTY = 10, 20
_ARTICLES = ("a", "an")


def numeral(text: str) -> Fraction | None:
    """The number that words say; None for any other text."""
    text = re.sub(r"(?<=thousand|.million|.billion),", "", text)
    if re.sub(r"[A-Za-z\s-]", "", text):
        return None
    words = _WORD.findall(text.casefold())
    negative = bool(words) and words[0] in ("minus", "negative")
    words = words[negative:]
    part = _part(words[-1]) if len(words) > 1 and words[0] != "the" else None
    found = _fraction(words[:-1], part) if part else _integer(words)
    found = _ordinal(words) if found is None else found
    return -found if negative and found is not None else found


def _part(word: str) -> int | None:
    """What one is divided by: 5 for `fifths`, 55 for `fifty-fifths`; None for any other word."""
    tens, hyphen, ones = word.removesuffix("s").partition("-")
    if not hyphen:
        return _PARTS.get(tens)
    value = _IRREGULAR.get(ones) or _ORDINALS.get(ones)
    return _SMALL[tens] + value if tens in _TENS and value else None


def _ordinal(words: list[str]) -> Fraction | None:
    """`the thirty-first`, `fourteenth`: a place in a row."""
    words = words[1:] if words[:1] == ["the"] else words
    place = _ORDINALS.get(words[0]) or _part(words[0]) if len(words) == 1 else None
    return Fraction(place) if place and words[0] not in ("half", "quarter") else None


def _fraction(words: list[str], under: int) -> Fraction | None:
    """`three` quarters, `two and one` eighth."""
    whole: Fraction | None = Fraction(0)
    if "and" in words:
        at = words.index("and")
        whole, words = _integer(words[:at]), words[at + 1 :]
    above = Fraction(1) if len(words) == 1 and words[0] in _ARTICLES else _integer(words)
    return None if whole is None or above is None else whole + above / under


def _may_follow(before: int, added: int) -> bool:
    """Whether a number word may stand behind the tens before it: `one two` is no number."""
    return not before or (before % 10 == 0 and before >= _TWENTY and 0 < added < _TEN)


def _integer(hyphened: list[str]) -> Fraction | None:
    words = [word for pair in hyphened for word in pair.split("-")]
    total, group, seen = 0, 0, False
    for word in words:
        if word in _SMALL and _may_follow(group % 100, _SMALL[word]):
            group += _SMALL[word]
        elif word == "hundred" and (seen or words[0] in _ARTICLES):
            group = max(group, 1) * 100
        elif word in _SCALES and seen:
            total, group = total + group * _SCALES[word], 0
        elif word not in ("and", *_ARTICLES) or seen == (word in _ARTICLES):
            return None
        seen = seen or word not in _ARTICLES
    return Fraction(total + group) if seen else None

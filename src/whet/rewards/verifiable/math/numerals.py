"""English number words: `sixty-one`, `two and one eighth`, `ten thousand`."""

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
_PARTS = {
    "half": 2, "halve": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6,
    "seventh": 7,
    "eighth": 8, "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12, "hundredth": 100,
}  # fmt: skip
_WORD = re.compile(r"[a-z]+")


def numeral(text: str) -> Fraction | None:
    """The number that words say; None for any other text."""
    words = _WORD.findall(text.casefold().replace("-", " "))
    if not words or re.sub(r"[A-Za-z\s-]", "", text):
        return None
    negative = words[0] in ("minus", "negative")
    words = words[negative:]
    part = words[-1].removesuffix("s") if words else ""
    if part in _PARTS and len(words) > 1:
        found = _fraction(words[:-1], _PARTS[part])
    else:
        found = _integer(words)
    return -found if negative and found is not None else found


def _fraction(words: list[str], under: int) -> Fraction | None:
    """`three` quarters, `two and one` eighth."""
    whole: Fraction | None = Fraction(0)
    if "and" in words:
        at = words.index("and")
        whole, words = _integer(words[:at]), words[at + 1 :]
    above = Fraction(1) if words in (["a"], ["an"]) else _integer(words)
    return None if whole is None or above is None else whole + above / under


def _integer(words: list[str]) -> Fraction | None:
    total, group, seen = 0, 0, False
    for word in words:
        if word in _SMALL:
            group += _SMALL[word]
        elif word == "hundred" and seen:
            group *= 100
        elif word in _SCALES and seen:
            total, group = total + group * _SCALES[word], 0
        elif word != "and" or not seen:
            return None
        seen = True
    return Fraction(total + group) if seen else None

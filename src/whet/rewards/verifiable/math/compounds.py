"""Amounts in several units, each smaller than the one before: `2 h 17 min`."""

import re
from fractions import Fraction

from whet.rewards.verifiable.math.amounts import Amount
from whet.rewards.verifiable.math.numerals import numeral
from whet.rewards.verifiable.math.units import unit

_PART = re.compile(r"(\d+(?:\.\d+)?)\s*\"?\s*([A-Za-zμ]+)\"?\.?(?:\s*(?:,|and|\"and\")?\s*)")
_SAID_COUNT = re.compile(
    r"\b((?:an?|[a-z]+(?:-[a-z]+)?))\s+(?=(?:dollar|cent|euro|hour|minute|second|day|week|foot|feet|inch)(?:e?s)?\b)"
)


def compound(text: str) -> Amount | None:
    """`2 h 17 min`: numbers with units of one dimension, each unit smaller than the one before."""
    text = _SAID_COUNT.sub(_in_digits, text)
    parts = _PART.findall(text)
    sizes = [
        (Fraction(number), one)
        for number, word in parts
        if (one := unit(word)) is not None and one.is_known
    ]
    if _PART.sub("", text).strip(' ".') or not 1 < len(sizes) == len(parts):
        return None
    if any(
        a.powers != b.powers or a.size <= b.size
        for (_, a), (_, b) in zip(sizes, sizes[1:], strict=False)
    ):
        return None
    last = sizes[0][1] if "$" in sizes[0][1].powers else sizes[-1][1]
    total = sum(
        (number * Fraction(one.size) / Fraction(last.size) for number, one in sizes), Fraction(0)
    )
    return Amount(("num", total), last)


def _in_digits(said: re.Match[str]) -> str:
    """A number in words before a unit in digits: `fifty` cents."""
    number = numeral(said[1])
    return said[0] if number is None else f"{number} "

"""Formulas with or without a unit, and when two of them are equal."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from whet.rewards.verifiable.math.evaluation import (
    Value,
    inexact,
    is_real,
    same,
    value,
    value_or_none,
)
from whet.rewards.verifiable.math.foreign_numerals import foreign
from whet.rewards.verifiable.math.numerals import numeral
from whet.rewards.verifiable.math.syntax import Tree, names, operations, tree_or_none
from whet.rewards.verifiable.math.units import Size, Unit, unit

_DECIMAL = re.compile(r"[-+]?\d*\.\d+")
_COUNTED = re.compile(r"n|m|k|j|N|M|K")
_POINTS = (
    Fraction(27, 10), Fraction(-13, 7), Fraction(31, 11), Fraction(-5, 9), Fraction(113, 17),
    Fraction(4, 13),
    Fraction(52, 7), Fraction(-47, 5), Fraction(71, 53), Fraction(19, 23), Fraction(-101, 29),
    Fraction(401, 37),
)  # fmt: skip
_WHOLE = (7, 12, 19, 4, 9, 23, 2, 31, 14, 5, 16, 11)
_ENOUGH = 4
_MOST_NAMES = 8
_PREFIX = re.compile(r"^([-+]?)\s*([$€£¥₹])\s*|^\"?(USD|EUR)\"?\s+")
SCIENTIFIC = re.compile(r"(\d)[eE]([-+]?\d{1,3})(?!\d)")
_UNIT_AFTER = re.compile(
    r"^(?P<value>.*?[\d)}π!ei])\s*(?P<unit>(?:\"[^\"]*\"|[%‰°$€£¥₹¢]|(?:square|cubic)\s"
    r"|[A-Za-zμΩ°]+)"
    r"[^=<>≤≥≈]*)$"
)
_SCALED = re.compile(
    r"(.*?)\s*\"?(thousand|million|billion|trillion|[Kk]|M|B|bn)?\"?(?:\s*\"?(?:dollars|euros)\"?)?"
)
_ARC = re.compile(r"(\d+)\s*°\s*(\d+(?:\.\d+)?)\s*'(?:\s*(\d+(?:\.\d+)?)\s*(?:''|\"))?")
_ARC_IN_WORDS = re.compile(
    r'(\d+)\s*(?:°|"?\s*degrees?\b)\s*"?\s*(?:,|and\b|"and")*\s*"?\s*(\d+(?:\.\d+)?)\s*"?\s*'
    r"(?:'|arc ?min(?:ute)?s?\b|min(?:ute)?s?\b)(?:(?: of arc)?\s*(?:,|and\b|\"and\")*\s*"
    r'(\d+(?:\.\d+)?)\s*"?\s*(?:\'\'|arc ?sec(?:ond)?s?\b|sec(?:ond)?s?\b))?(?: of arc)?"?'
)
_SHORT = {"K": "thousand", "k": "thousand", "M": "million", "B": "billion", "bn": "billion"}
_SYMBOL = 2  # letters of a symbol or of a product, at most
_SMALL_WORDS = frozenset(
    [
        "of",
        "in",
        "on",
        "to",
        "at",
        "by",
        "a",
        "an",
        "am",
        "pm",
        "de",
        "du",
        "di",
        "da",
        "do",
        "la",
        "le",
        "el",
    ]
)
_NOT_A_NOUN = re.compile(
    r"\b(?:not?|or|and|than|least|most|about|around|approximately|roughly|over|under|if|unless"
    r"|minus|of|point|plus|times|"
    r"squared|mod|factorial|base|but|nor|neither|either|except|between|per cent of)\b"
)


@dataclass(frozen=True, slots=True)
class Amount:
    """A formula with a unit, or without one; `decimals` are its digits after the point."""

    formula: Tree
    unit: Unit | None = None
    decimal: bool = False

    @property
    def closed(self) -> bool:
        """Whether it has no variables."""
        return not names(self.formula)


def amounts(text: str) -> Iterator[Amount]:
    """All readings of a spelled text as a formula, with and without a unit."""
    text = text.strip().removeprefix("+")
    text = text if text.endswith("..") else text.rstrip(".").strip()
    plain = tree_or_none(text)
    if plain is not None:
        yield Amount(plain, decimal=bool(_DECIMAL.fullmatch(text)))
    scientific = SCIENTIFIC.sub(r"\1*10^{\2}", text)
    if scientific != text and (found := tree_or_none(scientific)) is not None:
        yield Amount(found)
    yield from _angles(text)
    yield from _said_numbers(text)
    yield from _with_unit(SCIENTIFIC.sub(r"\1*10^{\2}", text))


def _angles(text: str) -> Iterator[Amount]:
    """Degrees with minutes and seconds of arc; feet have the same signs."""
    if prime := re.fullmatch(r"(\d+(?:\.\d+)?)'{1,2}", text):
        for size in ("inch", "arcsecond") if text.endswith("''") else ("ft", "arcminute"):
            yield Amount(("num", Fraction(prime[1])), unit(size))
    if arc := _ARC.fullmatch(text) or _ARC_IN_WORDS.fullmatch(text):
        parts = [Fraction(part or 0) for part in arc.groups()]
        size = parts[0] + parts[1] / 60 + parts[2] / 3600
        yield Amount(("num", size), unit("°"))


def _said_numbers(text: str) -> Iterator[Amount]:
    """`three in five`, numbers in words, and a decimal comma."""
    if chance := re.fullmatch(r"(\w+) (?:in|out of) (\w+)", text.replace('"', " ").strip()):
        hits, of = (
            Fraction(one) if one.isdecimal() else numeral(one) for one in (chance[1], chance[2])
        )
        if hits is not None and of:
            yield Amount(("num", hits / of))
    bare = text.replace('"', "").strip()
    if (said := numeral(bare)) is not None or (said := foreign(bare)) is not None:
        yield Amount(("num", Fraction(said)))
    if re.fullmatch(r"[-+]?\d+,\d{1,2}|[-+]?\d+,\d{4,}", text):  # a decimal comma
        yield Amount(("num", Fraction(text.replace(",", "."))), decimal=True)


def _with_unit(text: str) -> Iterator[Amount]:
    if _PREFIX.match(text):
        yield from _money(text)
        return
    yield from _counted_in_words(text)
    match = _UNIT_AFTER.match(text)
    if match is None:
        return
    found, inner = _unit_behind(match["unit"].strip()), match["value"].strip()
    number = _count(inner) if found is not None else None
    if number is not None and found is not None and "var" not in operations(number):
        yield Amount(number, found, bool(_DECIMAL.fullmatch(inner)))


def _counted_in_words(text: str) -> Iterator[Amount]:
    """A number in words before a noun, as `seven such numbers`."""
    words = text.replace('"', " ").split()
    if not words or (numeral(words[0]) is None and foreign(words[0]) is None):
        return
    for end in range(len(words) - 1, 0, -1):
        counted = " ".join(words[:end])
        said = numeral(counted) if foreign(counted) is None else Fraction(foreign(counted) or 0)
        if said is not None:
            noun = " ".join(words[end:])
            found = None if _NOT_A_NOUN.search(noun.casefold()) else unit(noun)
            if found is not None:
                yield Amount(("num", said), found)
            return


def _money(text: str) -> Iterator[Amount]:
    """`$3.5 million`: the sign of a currency, a number and its scale."""
    money = _PREFIX.match(text)
    if money is None or _PREFIX.match(text[money.end() :]):
        return
    scale = _SCALED.fullmatch(text[money.end() :])
    number, by = (scale[1], scale[2]) if scale else (text[money.end() :], None)
    by = _SHORT.get(by or "", by)
    size = (unit(money[2] or money[3]) or Unit()) * ((unit(by) if by else None) or Unit())
    for one in amounts((money[1] or "") + number):
        if one.unit is None:
            yield Amount(one.formula, size, one.decimal)


def _unit_behind(written: str) -> Unit | None:
    """The unit behind a number; None where the letters are factors, as in `2i` and `3xy`."""
    found = unit(written)
    if _NOT_A_NOUN.search(written.casefold()) and not (found and found.is_known and found.powers):
        return None
    if found is None or found.is_known:
        return found
    factors = (name for name in found.powers if len(name) <= _SYMBOL and name not in _SMALL_WORDS)
    return None if any(factors) or re.search(r"[-+][\s\d]*\w\)|\d", written) else found


def _count(text: str) -> Tree | None:
    """The number before a unit: a formula, words, or a decimal with a comma."""
    found = tree_or_none(text)
    if found is not None:
        return found
    said = numeral(text)
    if said is None and re.fullmatch(r"\d+,\d{1,2}", text):
        said = Fraction(text.replace(",", "."))
    return None if said is None else ("num", said)


def agree(gold: Amount, answer: Amount) -> bool:
    """Whether two amounts are equal; a unit may be missing, but two units must measure the same."""
    factor: Value = Fraction(1)
    if gold.unit is not None and answer.unit is not None:
        if dict(gold.unit.powers) != dict(answer.unit.powers):
            return False
        one, other = answer.unit.size, gold.unit.size
        exact = isinstance(one, Fraction) and isinstance(other, Fraction)
        factor = one / other if exact else inexact_ratio(one, other)
    elif answer.unit is not None and not answer.unit.powers:
        factor = Fraction(answer.unit.size)  # percent, million
    elif gold.unit is None and answer.unit is not None and not answer.unit.is_known:
        factor = Fraction(answer.unit.size)  # billion years
    elif gold.unit is not None and not gold.unit.powers:
        factor = 1 / Fraction(gold.unit.size)
    return formulas_agree(gold, answer, factor)


def inexact_ratio(one: Size, other: Size) -> Value:
    """The ratio of two sizes of which one has π: degrees and radians."""
    return _turn(one) / _turn(other)


def _turn(size: Size) -> Value:
    pi = value(("const", "π"), {})
    if isinstance(size, Fraction):
        return inexact(size)
    return inexact(Fraction(size / math.pi).limit_denominator(10**6)) * pi


def formulas_agree(gold: Amount, answer: Amount, factor: Value = Fraction(1)) -> bool:
    """Whether the formulas have one value at every point where the first is defined and real."""
    free = sorted(names(gold.formula) | names(answer.formula))
    if not free:
        a, b = value_or_none(gold.formula, {}), value_or_none(answer.formula, {})
        return a is not None and b is not None and _near(a, _times(b, factor), gold, answer)
    if len(free) > _MOST_NAMES:
        return False
    met = 0
    for step in range(len(_POINTS)):
        given = _point(free, step)
        a = value_or_none(gold.formula, given)
        if a is None or (not is_real(a) and "i" not in operations(gold.formula)):
            continue
        b = value_or_none(answer.formula, given)
        if b is None or not same(a, _times(b, factor)):
            return False
        met += 1
        if met >= _ENOUGH:
            return True
    return met > 1


def _times(one: Value, factor: Value) -> Value:
    if isinstance(one, Fraction) and isinstance(factor, Fraction):
        return one * factor
    return inexact(one) * inexact(factor)


def _point(free: list[str], step: int) -> Mapping[str, Value]:
    return {
        name: Fraction(_WHOLE[(step + 5 * place) % len(_WHOLE)])
        if _COUNTED.fullmatch(name)
        else _POINTS[(step + 5 * place) % len(_POINTS)]
        for place, name in enumerate(free)
    }


def _near(a: Value, b: Value, gold: Amount, answer: Amount) -> bool:
    """Equal, or as near as a decimal of six digits is to the number that it rounds."""
    if same(a, b):
        return True
    whole = isinstance(a, Fraction) and a.denominator == 1
    if whole or not (gold.decimal or answer.decimal) or not (is_real(a) and is_real(b)):
        return False
    return bool(
        abs(inexact(a) - inexact(b)) <= min(inexact(Fraction(1, 10**6)), abs(inexact(a)) / 1000)
    )

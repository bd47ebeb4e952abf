"""Formulas with or without a unit, and when two of them are equal."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from whet.rewards.verifiable.math.evaluation import (
    UndefinedError,
    Value,
    inexact,
    is_real,
    same,
    value,
)
from whet.rewards.verifiable.math.numerals import numeral
from whet.rewards.verifiable.math.syntax import Tree, UnreadableError, names, operations, tree
from whet.rewards.verifiable.math.units import Unit, unit

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
_PREFIX = re.compile(r"^([-+]?)\s*([$€£¥₹])\s*|^\"?(USD|EUR)\"?\s+")
_SCIENTIFIC = re.compile(r"(\d)[eE]([-+]?\d{1,3})(?!\d)")
_UNIT_AFTER = re.compile(
    r"^(?P<value>.*?[\d)}π!ei])\s*(?P<unit>(?:\"[^\"]*\"|[%‰°$€£¥₹¢]|(?:square|cubic)\s|[A-Za-zμΩ°]+)"
    r"[^=<>≤≥≈]*)$"
)
_NOT_A_NOUN = re.compile(
    r"\b(?:not?|or|and|than|least|most|about|around|approximately|roughly|over|under|if|unless|minus|plus|times|"
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
    text = text.strip().removeprefix("+").rstrip(".").strip()
    plain = _tree(text)
    if plain is not None:
        yield Amount(plain, decimal=bool(_DECIMAL.fullmatch(text)))
    scientific = _SCIENTIFIC.sub(r"\1*10^{\2}", text)
    if scientific != text and (found := _tree(scientific)) is not None:
        yield Amount(found)
    if prime := re.fullmatch(r"(\d+(?:\.\d+)?)'{1,2}", text):  # minutes and seconds of arc, feet
        yield Amount(("num", Fraction(prime[1])))
    if chance := re.fullmatch(r"(\d+) (?:in|out of) (\d+)", text):
        yield Amount(("/", ("num", Fraction(chance[1])), ("num", Fraction(chance[2]))))
    if (said := numeral(text.replace('"', ""))) is not None:
        yield Amount(("num", said))
    if re.fullmatch(r"[-+]?\d+,\d{1,2}|[-+]?\d+,\d{4,}", text):  # a decimal comma
        yield Amount(("num", Fraction(text.replace(",", "."))), decimal=True)
    yield from _with_unit(_SCIENTIFIC.sub(r"\1*10^{\2}", text))


def _with_unit(text: str) -> Iterator[Amount]:
    money = _PREFIX.match(text)
    if money:
        sign, symbol = money[1] or "", money[2] or money[3]
        rest = text[money.end() :]
        if _PREFIX.match(rest):
            return
        scale = re.fullmatch(
            r"(.*?)\s*\"?(thousand|million|billion|trillion)?\"?(?:\s*\"?(?:dollars|euros)\"?)?",
            rest,
        )
        for one in amounts(sign + (scale[1] if scale else rest)):
            if one.unit is None:
                by = unit(scale[2]) if scale and scale[2] else Unit()
                yield Amount(one.formula, (unit(symbol) or Unit()) * (by or Unit()), one.decimal)
        return
    match = _UNIT_AFTER.match(text)
    if match:
        written = match["unit"].strip()
        found = None if _NOT_A_NOUN.search(written.casefold()) else unit(written)
        inner = match["value"].strip()
        number = _tree(inner) if found is not None else None
        said = numeral(inner) if number is None and found is not None else None
        if said is not None:
            number = ("num", said)
        if number is None and found is not None and re.fullmatch(r"\d+,\d{1,2}", inner):
            number = ("num", Fraction(inner.replace(",", ".")))
        if found is not None and not found.is_known and re.fullmatch(r"\w{1,2}", written):
            found = None  # `2i` and `3xy` are products
        if number is not None and found is not None and "var" not in operations(number):
            yield Amount(number, found, bool(_DECIMAL.fullmatch(inner)))


def compound(text: str) -> Amount | None:
    """`2 h 17 min`: several numbers with units of one dimension, each smaller than the one before."""
    parts = re.findall(
        r"(\d+(?:\.\d+)?)\s*\"?\s*([A-Za-zμ]+)\"?\.?(?:\s*(?:,|and|\"and\")?\s*)", text
    )
    whole = re.sub(
        r"(\d+(?:\.\d+)?)\s*\"?\s*([A-Za-zμ]+)\"?\.?(?:\s*(?:,|and|\"and\")?\s*)", "", text
    ).strip(' ".')
    known = [(Fraction(number), unit(word)) for number, word in parts]
    if whole or len(known) < 2 or any(one is None or not one.is_known for _, one in known):
        return None
    sizes = [(number, one) for number, one in known if one is not None]
    if any(
        a.powers != b.powers or a.size <= b.size
        for (_, a), (_, b) in zip(sizes, sizes[1:], strict=False)
    ):
        return None
    last = sizes[-1][1]
    total = sum(
        (number * Fraction(one.size) / Fraction(last.size) for number, one in sizes), Fraction(0)
    )
    return Amount(("num", total), last)


def _tree(text: str) -> Tree | None:
    try:
        return tree(text)
    except UnreadableError:
        return None


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


def inexact_ratio(one: object, other: object) -> Value:
    """The ratio of two sizes of which one has π: degrees and radians."""
    quarter = inexact(Fraction(1)) * 0 + _turn(one) / _turn(other)
    return quarter


def _turn(size: object) -> Value:
    import math

    from whet.rewards.verifiable.math.evaluation import value as evaluate

    pi = evaluate(("const", "π"), {})
    if isinstance(size, Fraction):
        return inexact(size)
    return inexact(Fraction(size / math.pi).limit_denominator(10**6)) * pi


def formulas_agree(gold: Amount, answer: Amount, factor: Value = Fraction(1)) -> bool:
    """Whether the formulas have one value at every point where the first is defined and real."""
    free = sorted(names(gold.formula) | names(answer.formula))
    if not free:
        a, b = _at(gold.formula, {}), _at(answer.formula, {})
        return a is not None and b is not None and _near(a, _times(b, factor), gold, answer)
    if len(free) > 8:
        return False
    met = 0
    for step in range(len(_POINTS)):
        given = _point(free, step)
        a = _at(gold.formula, given)
        if a is None or (not is_real(a) and "i" not in operations(gold.formula)):
            continue
        b = _at(answer.formula, given)
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


def _at(formula: Tree, given: Mapping[str, Value]) -> Value | None:
    try:
        return value(formula, given)
    except (UndefinedError, UnreadableError):
        return None


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

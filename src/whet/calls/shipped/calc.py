"""A calculator of exact numbers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from operator import add, floordiv, mod, mul, sub, truediv

from whet.calls.tools import ToolError

_LONGEST = 2_000  # characters of an expression
_DEEPEST = 32  # parentheses and powers within each other
_EXPONENT = 64
_DIGITS = 200  # of a numerator or a denominator
_TOKEN = re.compile(r"\s*(?:([0-9]+(?:\.[0-9]*)?|\.[0-9]+)|(\*\*|//|[-+*/%()]))")
_SUMS: Mapping[str, Callable[[Fraction, Fraction], Fraction | int]] = {"+": add, "-": sub}
_PRODUCTS: Mapping[str, Callable[[Fraction, Fraction], Fraction | int]] = {
    "*": mul,
    "/": truediv,
    "//": floordiv,
    "%": mod,
}


def calc(expression: str) -> str:
    """Compute an arithmetic expression exactly.

    Args:
        expression: Numbers with + - * / // % ** and parentheses, such as (1 + 2) * 3.5.
    """
    return _printed(_Reader(_tokens(expression)).whole())


@dataclass(slots=True)
class _Reader:
    """Recursive descent, with Python's precedence."""

    tokens: list[str]
    place: int = 0
    depth: int = 0

    def whole(self) -> Fraction:
        value = self.sums()
        if self.next():
            raise ToolError(f"{self.next()!r} was not expected")
        return value

    def next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def taken(self) -> str:
        token, self.place = self.next(), self.place + 1
        return token

    def sums(self) -> Fraction:
        value = self.products()
        while self.next() in _SUMS:
            value = _bounded(Fraction(_SUMS[self.taken()](value, self.products())))
        return value

    def products(self) -> Fraction:
        value = self.signed()
        while self.next() in _PRODUCTS:
            operator, other = self.taken(), self.signed()
            if not other and operator != "*":
                raise ToolError("division by zero")
            value = _bounded(Fraction(_PRODUCTS[operator](value, other)))
        return value

    def signed(self) -> Fraction:
        sign = 1
        while self.next() in _SUMS:
            sign = -sign if self.taken() == "-" else sign
        return sign * self.power()

    def power(self) -> Fraction:
        base = self.atom()
        if self.next() != "**":
            return base
        self.taken()
        self.deeper()
        exponent = self.signed()
        self.depth -= 1
        return _power(base, exponent)

    def atom(self) -> Fraction:
        token = self.taken()
        if token == "(":
            self.deeper()
            value = self.sums()
            if self.taken() != ")":
                raise ToolError("a ) is missing")
            self.depth -= 1
            return value
        if not token or not (token[0].isdigit() or token[0] == "."):
            raise ToolError(f"a number is missing before {token!r}" if token else "it ends early")
        return _bounded(Fraction(token))

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ToolError(f"nested more than {_DEEPEST} deep")


def _tokens(expression: str) -> list[str]:
    text, found, at = expression.strip(), list[str](), 0
    if len(text) > _LONGEST:
        raise ToolError(f"longer than {_LONGEST:,} characters")
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ToolError(f"{text[at:].strip()[0]!r} is neither a number nor an operator")
        if len(token[0]) > _DIGITS + 1:
            raise ToolError(f"a number of more than {_DIGITS} digits")
        found.append(token[1] or token[2])
        at = token.end()
    return found


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1 or abs(exponent) > _EXPONENT:
        raise ToolError(f"an exponent is a whole number up to {_EXPONENT}")
    if not base and exponent < 0:
        raise ToolError("division by zero")
    return _bounded(Fraction(base ** int(exponent)))


def _bounded(value: Fraction) -> Fraction:
    if max(abs(value.numerator), value.denominator) >= 10**_DIGITS:
        raise ToolError(f"a number of more than {_DIGITS} digits")
    return value


def _printed(value: Fraction) -> str:
    """A decimal where it ends, else numerator/denominator."""
    twos = fives = 0
    rest = value.denominator
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest > 1:
        return f"{value.numerator}/{value.denominator}"
    places = max(twos, fives)
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"

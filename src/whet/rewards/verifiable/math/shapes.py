"""The shape that a question asks for: factored, expanded, in lowest terms, decimal, fraction."""

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import gcd

from whet.rewards.verifiable.math.syntax import Tree, names


def misshapen(of: Tree, gold: Tree, asked: str) -> bool:
    """Whether an equal formula has not the shape that the question asks for, though the task's has.

    A task's own answer without that shape asks for none.
    """
    return names(of) <= names(gold) and any(
        pattern.search(asked) and has_shape(gold, gold) and not has_shape(of, gold)
        for pattern, has_shape in _SHAPES.items()
    )


def _is_factored(of: Tree, gold: Tree) -> bool:
    return _factors(of) >= max(_factors(gold), 2)


def _factors(of: Tree) -> int:
    """How many factors with a variable a product has."""
    if of[0] == "neg":
        return _factors(of[1])
    if of[0] in ("*", "/"):
        return _factors(of[1]) + (_factors(of[2]) if of[0] == "*" else 0)
    if of[0] == "^" and of[2][0] == "num" and of[2][1].denominator == 1 and names(of[1]):
        return _factors(of[1]) * int(min(of[2][1], Fraction(99)))
    return int(bool(names(of)))


def _is_expanded(of: Tree, gold: Tree) -> bool:
    del gold
    if of[0] == "*" or (of[0] == "^" and of[2][0] == "num" and of[2][1] > 1):
        return not any(_is_sum(part) for part in of[1:])
    return of[0] not in ("+", "-", "neg") or all(_is_expanded(part, part) for part in of[1:])


def _is_sum(of: Tree) -> bool:
    if of[0] in ("*", "neg"):
        return any(_is_sum(part) for part in of[1:])
    return of[0] in ("+", "-") and bool(names(of))


def _is_reduced(of: Tree, gold: Tree) -> bool:
    del gold
    if of[0] == "/" and of[1][0] == of[2][0] == "num":
        above, below = of[1][1], of[2][1]
        whole = above.denominator == below.denominator == 1
        return not whole or gcd(above.numerator, below.numerator) == 1
    return all(_is_reduced(part, part) for part in of[1:] if isinstance(part, tuple))


def _is_decimal(of: Tree, gold: Tree) -> bool:
    del gold
    return of[0] == "num" or (of[0] in ("neg", "%") and of[1][0] == "num")


def _is_fraction(of: Tree, gold: Tree) -> bool:
    del gold
    return of[0] != "num" or of[1].denominator == 1


def _is_mixed(of: Tree, gold: Tree) -> bool:
    del gold
    of = of[1] if of[0] == "neg" else of
    return of[0] == "+" or of[0] == "num"


def _is_apart(of: Tree, gold: Tree) -> bool:
    del gold
    return of[0] in ("+", "-")


def _is_scientific(of: Tree, gold: Tree) -> bool:
    del gold
    of = of[1] if of[0] == "neg" else of
    if of[0] != "*" or of[1][0] != "num" or of[2][0] != "^" or of[2][1] != ("num", Fraction(10)):
        return False
    return bool(1 <= of[1][1] < of[2][1][1])


_SHAPES: Mapping[re.Pattern[str], Callable[[Tree, Tree], bool]] = {
    re.compile(pattern, re.IGNORECASE): shape
    for pattern, shape in (
        (r"\bfactor(?:i[sz]e)?\b(?!s| of| by)|\bfactored form\b|\bas a product\b", _is_factored),
        (r"\bexpand\b|\bexpanded form\b|\bmultiply out\b", _is_expanded),
        (r"\b(?:lowest|simplest) (?:terms|form)\b|\breduce\b|\bsimplif(?:y|ied)\b", _is_reduced),
        (r"\bpartial fractions?\b", _is_apart),
        (r"\b(?:scientific notation|standard form a)\b|≤\s*a\s*<\s*10", _is_scientific),
        (r"\bas a (?:\w+ )?decimal\b|\bin decimal form\b", _is_decimal),
        (r"\bas an? (?:\w+ ){0,2}fraction\b|\bas a fraction\b", _is_fraction),
        (r"\bas a mixed (?:number|fraction)\b", _is_mixed),
    )
}

r"""Formulas for a few values of a letter: `2e^{2πik/3}` for k = 0, 1, 2."""

import re
from fractions import Fraction

from whet.rewards.verifiable.math.amounts import Amount
from whet.rewards.verifiable.math.kinds import Several
from whet.rewards.verifiable.math.pieces import cut, enclosed
from whet.rewards.verifiable.math.syntax import Tree, names, tree_or_none

_FOR = re.compile(
    r'^(.*?)[,;:|\s]*(?:"?\s*(?:for|with|where|and|,)?\s*"?)\s*\(?\b([a-z])\s*(?:=|∈)\s*⟪?\s*'
    r"(-?\d+(?:\s*,\s*-?\d+)*)\s*(?:,\s*\.\.\.\s*,\s*(-?\d+))?\s*⟫?\s*\)?$"
)
_EQUALS = re.compile("=")
_MOST = 24  # values


def enumerated(text: str) -> Several | None:
    """The values of a formula for the listed integers; None for any other text."""
    text = text[1:-1].strip() if enclosed(text) == "⟪⟫" else text
    match = _FOR.match(text)
    of = tree_or_none(cut(match[1], _EQUALS)[-1].strip(" ,;(")) if match else None
    if match is None or of is None or names(of) != {match[2]}:
        return None
    listed = [int(one) for one in match[3].split(",")]
    listed = listed if match[4] is None else list(range(listed[0], int(match[4]) + 1))
    if not 1 < len(listed) <= _MOST:
        return None
    return Several(tuple(Amount(_at(of, match[2], one)) for one in listed), "set")


def _at(of: Tree, name: str, integer: int) -> Tree:
    """The formula with an integer in the place of a letter."""
    if of == ("var", name):
        return ("num", Fraction(integer))
    return tuple(_at(part, name, integer) if isinstance(part, tuple) else part for part in of)

"""Functions that are defined piece by piece: formulas and where each one holds."""

import re

from whet.rewards.verifiable.math.evaluation import Value
from whet.rewards.verifiable.math.kinds import Piecewise
from whet.rewards.verifiable.math.regions import Region, region
from whet.rewards.verifiable.math.syntax import Tree, tree_or_none

_CASES = re.compile(
    r"^(?:[^=\\]{1,12}=\s*)?⟪?\s*\\begin\s*\{(?:cases|array)\}(?:\{[^{}]*\})?(.*?)"
    r"\\end\s*\{(?:cases|array)\}\.?$",
    re.DOTALL,
)
_WORDS = re.compile(r'"\s*(?:if|for|when|where|as|,)?\s*"|\b(?:if|for|when|where)\b|"')
_PIECE = re.compile(
    r'^(?:[A-Za-z]\([a-z]\)\s*=\s*)?(.+?)\s*"?\s*\b(?:for|if|when|on)\b\s*"?\s*(.+)$'
)
_ELSE = re.compile(r"^(?:otherwise|else|elsewhere)$")


def piecewise(text: str) -> Piecewise | None:
    """The function of a spelled text; None for any other text."""
    match = _CASES.match(text)
    rows = [row for row in match[1].split("\ue001") if row.strip()] if match else _said(text)
    if not rows or any(row.count("&") != 1 for row in rows):
        return None
    parts = [_part(*row.split("&")) for row in rows]
    known = [(tree, where) for tree, where in parts if tree is not None]
    bounded = [where for _, where in known if where is not None]
    if len(known) < len(parts) or len(known) - len(bounded) > 1:
        return None
    rest = _elsewhere(bounded)
    return Piecewise(tuple((tree, where or rest) for tree, where in known))


def _said(text: str) -> list[str]:
    """The rows of `f(x) = 2 for x < 2, and f(x) = 2x - 2 for x ≥ 2`."""
    pieces = [
        one
        for one in re.split(r"(?:,|;)?\s+and\s+|[;,]\s+(?=[^,;]*\b(?:for|if|when|on)\b)", text)
        if one
    ]
    found = [_PIECE.match(one.strip(" ,.")) for one in pieces]
    known = [f"{one[1]}&{one[2]}" for one in found if one is not None]
    return known if 1 < len(known) == len(found) else []


def _part(formula: str, condition: str) -> tuple[Tree | None, Region | None]:
    """A formula and where it holds, which is None for the rest of the numbers."""
    where = _WORDS.sub(" ", condition).strip(" ,.")
    if _ELSE.match(where):
        return tree_or_none(formula.strip(" ,")), None
    found = region(where)
    return (tree_or_none(formula.strip(" ,")), found) if found is not None else (None, None)


def _elsewhere(regions: list[Region]) -> Region:
    points = tuple(point for one in regions for point in one.points)

    def holds(x: Value) -> bool:
        return not any(one.holds(x) for one in regions)

    return Region(holds, points)

r"""Lines and planes of vectors: `(1, 2) + t(3, 4)`, `\operatorname{span}\{…\}`, `(t, 2t)`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from whet.rewards.verifiable.math.evaluation import Value, inexact, same, value_or_none
from whet.rewards.verifiable.math.pieces import cut, enclosed
from whet.rewards.verifiable.math.syntax import Tree, names, tree_or_none

_SPAN = re.compile(r'^(?:[A-Za-z"() ]+=)?\s*"?\\?(?:span|Span|lin)"?\s*(?P<inside>.*)$', re.DOTALL)
_COLUMN = re.compile(
    r"\\begin\s*\{[bp]?(?:small)?matrix\}(.*?)\\end\s*\{[bp]?(?:small)?matrix\}", re.DOTALL
)
_REAL = re.compile(
    r'[,;:|]*\s*"?\s*(?:for|with|where|,|:|such that)*\s*"?\s*\(?(?P<names>[a-zλμ](?:_\{\w\})?'
    r'(?:\s*(?:,|"?\s*and\s*"?)\s*[a-zλμ](?:_\{\w\})?)*)\s*(?:∈\s*(?:\\R|\\Q|\\C)|"?\s*(?:is|are|being)?\s*'
    r"(?:an?y? |all |arbitrary |free |some )*(?:real|arbitrary|free|parameter)s?"
    r'(?: (?:number|constant|parameter|scalar|variable)s?)?\s*"?)\s*\)?$'
)
_NAMED = re.compile(r"^\(?\s*[a-z](?:_\{\d\})?(?:\s*,\s*[a-z](?:_\{\d\})?)+\s*\)?\s*=(?!.*=)")
_COMMA, _SUM = re.compile(r"[,;]"), re.compile(r"(?<!^)(?=[+-])")
_VECTOR_LAST = re.compile(r"^([+-]?\s*[^()\[\]⟨⟩]*?)\s*\*?\s*([(\[⟨].*[)\]⟩])$")
_LEAST = 2  # coordinates of a vector
Vector = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Flat:
    """The points `base + Σ t·direction` for all real t."""

    base: Vector
    directions: tuple[Vector, ...]

    def equals(self, other: "Flat") -> bool:
        """Whether both have the same points: each base and each direction lies in the other one."""
        mine, theirs = len(_basis(self.directions)), len(_basis(other.directions))
        moved = tuple(_exact_difference(a, b) for a, b in zip(self.base, other.base, strict=False))
        together = _basis((*self.directions, *other.directions, moved))
        return len(self.base) == len(other.base) and mine == theirs == len(together)


def flat(text: str) -> Flat | None:
    """The line, plane or span that a spelled text is; None for any other text."""
    text = _COLUMN.sub(_in_a_row, text.strip())
    if (span := _SPAN.match(text)) is not None:
        return _spanned(span["inside"].strip())
    inner = text[1:-1].strip() if enclosed(text) == "⟪⟫" else text
    match = _REAL.search(inner)
    if match is None:
        return None
    free = re.findall(r"[a-zλμ](?:_\{\w\})?", re.sub(r'"[^"]*"|\band\b', " ", match["names"]))
    body = _NAMED.sub("", inner[: match.start()].strip(' ,;:|"')).strip()
    body = _NAMED_ALONE.sub("", body)
    coordinates = _coordinates(body)
    return None if coordinates is None else _of_formulas(coordinates, free)


_NAMED_ALONE = re.compile(r"^(?:\\?(?:vec|mathbf)?\{?[a-zA-Z]\}?(?:_\{\w\})?)\s*=\s*")


def _in_a_row(column: re.Match[str]) -> str:
    """A column, or a row, in brackets with commas."""
    cells = re.split(r"\ue001|&", column[1].strip(" \ue001"))
    return "(" + ", ".join(cell.strip() for cell in cells) + ")"


def _spanned(inside: str) -> Flat | None:
    while enclosed(inside) in ("⟪⟫", "()", "{}") and "(" in inside[1:]:
        inside = inside[1:-1].strip()
    rows = [_coordinates(one) for one in cut(inside, _COMMA)]
    known = [_values(row) for row in rows if row is not None]
    vectors = tuple(row for row in known if row is not None)
    if not vectors or len(vectors) < len(rows) or len({len(row) for row in vectors}) > 1:
        return None
    return Flat(tuple(Fraction(0) for _ in vectors[0]), vectors)


def _coordinates(text: str) -> list[Tree] | None:
    """The coordinates of a sum of multiples of vectors, as formulas."""
    total: list[str] = []
    for term in cut_terms(text):
        match = _VECTOR_LAST.match(term)
        cells = cut(match[2][1:-1], _COMMA) if match and enclosed(match[2]) else []
        if match is None or len(cells) < _LEAST or total and len(total) != len(cells):
            return None
        factor = match[1].strip()
        scale = f"({factor}1)" if factor in ("", "+", "-") else f"({factor})"
        found = [f"{scale}*({cell})" for cell in cells]
        total = [f"{a}+{b}" for a, b in zip(total, found, strict=True)] if total else found
    trees = [tree_or_none(one) for one in total]
    known = [one for one in trees if one is not None]
    return known if known and len(known) == len(trees) else None


def cut_terms(text: str) -> list[str]:
    """The terms of a sum, cut at signs outside of brackets."""
    pieces, depth = [""], 0
    for sign in text.strip():
        depth += (sign in "([{⟨") - (sign in ")]}⟩")
        if sign in "+-" and depth == 0 and pieces[-1].strip():
            pieces.append(sign)
        else:
            pieces[-1] += sign
    return [piece.strip() for piece in pieces]


def _of_formulas(coordinates: Sequence[Tree], free: Sequence[str]) -> Flat | None:
    """The points of formulas that are linear in their free names."""
    if not free or set().union(*(names(one) for one in coordinates)) - set(free):
        return None
    base = _at(coordinates, dict.fromkeys(free, Fraction(0)))
    steps = [_at(coordinates, {one: Fraction(one == name) for one in free}) for name in free]
    probe = {name: Fraction(3 + 2 * place, 7) for place, name in enumerate(free)}
    ends = _at(coordinates, probe)
    known = [step for step in steps if step is not None]
    if base is None or ends is None or len(known) < len(steps):
        return None
    directions = tuple(
        tuple(_exact_difference(a, b) for a, b in zip(step, base, strict=True)) for step in known
    )
    for place, end in enumerate(ends):
        moved = sum(
            (
                inexact(probe[name]) * inexact(d[place])
                for name, d in zip(free, directions, strict=True)
            ),
            inexact(base[place]),
        )
        if not same(moved, inexact(end)):
            return None
    return Flat(base, directions)


def _at(coordinates: Sequence[Tree], given: dict[str, Fraction]) -> Vector | None:
    found = [value_or_none(one, given) for one in coordinates]
    known = tuple(one for one in found if one is not None)
    return known if len(known) == len(found) else None


def _values(coordinates: Sequence[Tree]) -> Vector | None:
    return _at(coordinates, {})


def _exact_difference(a: Value, b: Value) -> Value:
    exact = isinstance(a, Fraction) and isinstance(b, Fraction)
    return a - b if exact else inexact(a) - inexact(b)


def _basis(vectors: Sequence[Vector]) -> list[list[Value]]:
    """The rows that are left of Gaussian elimination."""
    rows = [[inexact(one) for one in vector] for vector in vectors]
    kept: list[list[Value]] = []
    for row in rows:
        for pivot in kept:
            at = _first(pivot)
            factor = row[at] / pivot[at]
            row = [_cleaned(a - factor * b, a) for a, b in zip(row, pivot, strict=True)]
        if _first(row) < len(row):
            kept.append(row)
    return kept


def _cleaned(found: Value, before: Value) -> Value:
    """Zero in place of the rounding of a difference."""
    return found * 0 if abs(found) < 1e-30 * (1 + abs(before)) else found


def _first(row: Sequence[Value]) -> int:
    return next((place for place, one in enumerate(row) if one), len(row))

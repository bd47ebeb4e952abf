r"""Matrices and vectors: environments of LaTeX, nested brackets, `diag(…)`, transposes, factors."""

import re
from collections.abc import Sequence

from whet.rewards.verifiable.math.amounts import Amount, amounts
from whet.rewards.verifiable.math.kinds import Meaning, Several
from whet.rewards.verifiable.math.pieces import cut, enclosed
from whet.rewards.verifiable.math.syntax import tree_or_none

_MATRIX = re.compile(
    r"\\begin\s*\{([bpvBV]?(?:small)?matrix|array)\}(?:\{[^{}]*\})?(.*?)\\end\s*\{\1\}", re.DOTALL
)
_TRANSPOSED = re.compile(r"^(.*)\^\s*\{?\s*(?:\"?T\"?|\\top|\\intercal|')\s*\}?$", re.DOTALL)
_DIAGONAL = re.compile(r'^"?\s*\\?diag\s*"?\s*\((.*)\)$')
_IDENTITY = re.compile(r'^(?:I|"I")\s*_\{(\d)\}$')
_OVER = re.compile(r"^(.*)/\s*(\d+|\\sqrt\s*\{?\d+\}?|\(\S+\))$", re.DOTALL)
_COMMA = re.compile(r"[,;]")
_ZERO, _ONE = "0", "1"


def matrix(text: str) -> Several | None:
    """The matrix, the column or the multiple of a row that a text is; None for any other text."""
    if (turned := _TRANSPOSED.match(text)) is not None:
        return _turned(turned[1].strip())
    match = _MATRIX.search(text)
    return _square(text) or _nested(text) or _multiple(text) if match is None else _set(text, match)


def _square(text: str) -> Several | None:
    """`diag(1, 2)`, and `I_2`."""
    if (diagonal := _DIAGONAL.match(text)) is not None:
        return _diagonal(cut(diagonal[1], _COMMA))
    size = _IDENTITY.match(text)
    return _diagonal([_ONE] * int(size[1])) if size else None


def _set(text: str, match: re.Match[str]) -> Several | None:
    """The matrix of an environment, perhaps with a factor before it."""
    if enclosed(text) in ("[]", "()"):  # around an array
        return matrix(text[1:-1].strip())
    before, after = text[: match.start()].strip(" *"), text[match.end() :].strip()
    if after or match[1] in ("vmatrix", "Vmatrix"):  # a determinant
        return None
    rows = [row for row in re.split(r"\ue001", match[2].strip(" \ue001")) if row.strip()]
    scale = f"({before}1)*" if before in ("", "-") else f"({before})*"
    return _rows([_row([f"{scale}({cell.strip()})" for cell in row.split("&")]) for row in rows])


def _turned(text: str) -> Several | None:
    """The transpose of a matrix, or of a row in brackets."""
    whole = matrix(text)
    if whole is not None and whole.kind == "matrix":
        rows = [one.items for one in whole.items if isinstance(one, Several)]
        columns = [Several(column, "row") for column in zip(*rows, strict=True)]
        if len(columns) == 1:
            return None
        return Several(tuple(columns), "matrix") if len(rows) > 1 else _column(rows[0])
    if whole is not None and whole.kind == "()":
        return _column(whole.items)
    inside = _row(cut(text[1:-1], _COMMA)) if enclosed(text) in ("()", "[]", "⟨⟩") else None
    return _column(inside.items) if inside is not None else None


def _column(items: tuple[Meaning, ...]) -> Several:
    return Several(items, "column")


def _diagonal(cells: Sequence[str]) -> Several | None:
    """The square matrix with these cells on its diagonal, and zeros."""
    if len(cells) < len((_ZERO, _ONE)):
        return None
    places = range(len(cells))
    return _rows([_row([cells[at] if at == row else _ZERO for at in places]) for row in places])


def _nested(text: str) -> Several | None:
    """`[[1, 2], [3, 4]]`."""
    if enclosed(text) != "[]" or not text[1:].lstrip().startswith("["):
        return None
    rows = cut(text[1:-1], re.compile(","))
    if any(enclosed(row) != "[]" for row in rows):
        return None
    return _rows([_row(cut(row[1:-1], re.compile(","))) for row in rows])


def _multiple(text: str) -> Several | None:
    r"""A number times a row or a matrix in brackets, or over it: `\frac13(1, 2, 2)`, `(3, 4)/5`."""
    if over := _OVER.match(text):
        return _scaled(f"(1/({over[2]}))", over[1].strip())
    begin = next((at for at in range(1, len(text)) if text[at] in "([⟨" and enclosed(text[at:])), 0)
    before = text[:begin].strip().rstrip("*").strip()
    if not before:
        return None
    return _scaled(f"({before}1)" if before == "-" else f"({before})", text[begin:])


def _scaled(factor: str, text: str) -> Several | None:
    """The row or the nested matrix, each cell times the factor, which has no names."""
    of = tree_or_none(factor)
    if of is None or not Amount(of).closed or enclosed(text) not in ("()", "[]", "⟨⟩"):
        return None
    cells = cut(text[1:-1], re.compile(","))
    if all(enclosed(cell) == "[]" for cell in cells):
        rows = [cut(cell[1:-1], re.compile(",")) for cell in cells]
        return _rows([_row([f"{factor}*({one})" for one in row]) for row in rows])
    row = _row([f"{factor}*({cell})" for cell in cells])
    return Several(row.items, "()") if row is not None and len(row.items) > 1 else None


def _row(cells: Sequence[str]) -> Several | None:
    found = [next(iter(amounts(cell)), None) for cell in cells]
    known = tuple(one for one in found if one is not None)
    return Several(known, "row") if len(known) == len(found) else None


def _rows(rows: Sequence[Several | None]) -> Several | None:
    known = tuple(row for row in rows if row is not None)
    if not known or len(known) < len(rows) or len({len(row.items) for row in known}) > 1:
        return None
    if len(known[0].items) == 1:
        return Several(tuple(row.items[0] for row in known), "column")
    return Several(known, "matrix")

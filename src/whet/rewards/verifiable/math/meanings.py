"""What an answer may be besides one formula: lists, matrices, equations, classes, times, words."""

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice

from whet.rewards.verifiable.math.amounts import amounts, compound
from whet.rewards.verifiable.math.cases import piecewise
from whet.rewards.verifiable.math.dates import date
from whet.rewards.verifiable.math.evaluation import inexact
from whet.rewards.verifiable.math.kinds import (
    Alternatives,
    CurveEquation,
    Meaning,
    Proportion,
    Residue,
    Several,
    SolutionFamily,
)
from whet.rewards.verifiable.math.notations import based, clock
from whet.rewards.verifiable.math.numerals import numeral
from whet.rewards.verifiable.math.pieces import cut, deepest, enclosed
from whet.rewards.verifiable.math.regions import number_of, region, signed
from whet.rewards.verifiable.math.syntax import FUNCTIONS, tree_or_none

_SEPARATOR = re.compile(
    r'[,;]\s*(?:"?\s*(?:and|or)\s*"?(?![a-z]))?|\s*"\s*(?:,\s*)?(?:and|or|ou|et|und|oder|y|o|и|или)\s*"\s*'
    r"|(?<![A-Za-z])(?:and|or|ou|et|und|oder|или)(?![A-Za-z])|或|和|または|と"
)
_LETTER = re.compile(r"\s*([A-Za-zα-ω])(?:_\{\w+\}|\([a-z]\))?\s*")
_WORD = re.compile(
    r'^"?\s*(?:the |its )?([a-z]{4,})\s*"?\s*(?:"?\s*(?:is|are|of)\b\s*"?|=|:)?\s*'
    r"(?=[-+\d\\(]|[A-Za-z](?![A-Za-z]))(.+)$"
)
_EQUALS = re.compile(r"=")
_MOST_READINGS = 4  # of an item
_DEEPEST = 30  # brackets in brackets
_TRANSPOSED = re.compile(r"^(.*)\^\s*\{?\s*(?:\"?T\"?|\\top|\\intercal|')\s*\}?$", re.DOTALL)
_MATRIX = re.compile(
    r"\\begin\s*\{([bpvBV]?(?:small)?matrix|array)\}(?:\{[^{}]*\})?(.*?)\\end\s*\{\1\}", re.DOTALL
)
_MODULUS = re.compile(r"^(?:(.*?)≡)?(.*?),?\s*\(?\s*mod\s+(.*?)\)?$")
_FAMILY = re.compile(
    r'^(.*?)[,\s:|]*(?:"?\s*(?:with|where|for|for all|for any|for every|'
    r'for some|for each|,)?\s*"?)\s*\(?\b([a-zA-Z])\s*(?:∈\s*\\Z|"?\s*(?:any|an|is an|an arbitrary|'
    r'∈)?\s*integer"?)\s*\)?$'
)
_FAMILY_NAMED_LAST = re.compile(
    r'^(.*?)[,\s]*"?\s*(?:with|where|for)?\s*(?:any|all|every|each|some|an arbitrary)?\s*'
    r'integers?\s*"?\s*([a-zA-Z])$'
)


def meanings(text: str) -> Iterator[Meaning]:
    """All readings of a spelled text, the most special first; none for what is not understood."""
    text = text.strip()
    if deepest(text) > _DEEPEST:
        return
    if (day := date(text)) is not None:
        yield day
        return
    if (pieces := piecewise(text)) is not None:
        yield pieces
        return
    for reader in (based, clock, _modular, _family, _matrix, region, compound, _ratio):
        found = reader(text)
        if found is not None:
            yield found
    yield from _lists(text)
    yield from amounts(text)
    equation = _equation(text)
    if equation is not None:
        yield equation


def _modular(text: str) -> Residue | None:
    match = _MODULUS.match(text)
    if match is None:
        return None
    rest, modulus = number_of(match[2].split("≡")[-1].split("=")[-1]), number_of(match[3])
    if not isinstance(rest, Fraction) or not isinstance(modulus, Fraction) or not modulus:
        return None
    return Residue(rest % modulus, abs(modulus))


def _family(text: str) -> SolutionFamily | None:
    inner = text
    if enclosed(text) == "⟪⟫":
        inner = text[1:-1].strip()
    match = _FAMILY.match(inner) or _FAMILY_NAMED_LAST.match(inner)
    if match is None:
        return None
    body = match[1].strip(" ,:|(").removesuffix('"with"').strip()
    formulas = []
    for piece in cut(body, _SEPARATOR):
        for one in signed(cut(piece, _EQUALS)[-1]):
            found = tree_or_none(one.replace("°", ""))
            if found is None:
                return None
            formulas.append(found)
    return SolutionFamily(tuple(formulas), match[2])


def _matrix(text: str) -> Several | None:
    if (turned := _TRANSPOSED.match(text)) is not None:
        return _turned(turned[1].strip())
    match = _MATRIX.search(text)
    if match is None:
        return _nested(text)
    if enclosed(text) in ("[]", "()"):  # around an array
        return _matrix(text[1:-1].strip())
    before, after = text[: match.start()].strip(" *"), text[match.end() :].strip()
    if after:
        return None
    rows = [row for row in re.split(r"\ue001", match[2].strip(" \ue001")) if row.strip()]
    if match[1] in ("vmatrix", "Vmatrix"):  # a determinant
        return None
    scale = f"({before})*" if before else ""
    made = [_row([f"{scale}({cell.strip()})" for cell in row.split("&")]) for row in rows]
    return _rows(made)


def _turned(text: str) -> Several | None:
    """The transpose of a matrix, or of a row in brackets."""
    whole = _matrix(text)
    if whole is not None and whole.kind == "matrix":
        rows = [one.items for one in whole.items if isinstance(one, Several)]
        columns = [Several(column, "row") for column in zip(*rows, strict=True)]
        if len(columns) == 1:
            return None
        return Several(tuple(columns), "matrix") if len(rows) > 1 else _column(rows[0])
    inside = _items(text[1:-1], "()") if enclosed(text) in ("()", "[]", "⟨⟩") else None
    return _column(inside.items) if inside is not None else None


def _column(items: tuple[Meaning, ...]) -> Several:
    return Several(items, "column")


def _nested(text: str) -> Several | None:
    """`[[1, 2], [3, 4]]`."""
    if enclosed(text) != "[]" or not text[1:].lstrip().startswith("["):
        return None
    rows = cut(text[1:-1], re.compile(","))
    if any(enclosed(row) != "[]" for row in rows):
        return None
    return _rows([_row(cut(row[1:-1], re.compile(","))) for row in rows])


def _row(cells: list[str]) -> Several | None:
    found = [next(iter(amounts(cell)), None) for cell in cells]
    known = tuple(one for one in found if one is not None)
    return Several(known, "row") if len(known) == len(found) else None


def _rows(rows: list[Several | None]) -> Several | None:
    known = tuple(row for row in rows if row is not None)
    if not known or len(known) < len(rows) or len({len(row.items) for row in known}) > 1:
        return None
    if len(known[0].items) == 1:
        return Several(tuple(row.items[0] for row in known), "column")
    return Several(known, "matrix")


def _ratio(text: str) -> Proportion | None:
    parts = [next(iter(amounts(one)), None) for one in re.split(r":|\s\"?to\"?\s", text)]
    known = tuple(one for one in parts if one is not None and one.unit is None)
    return Proportion(known) if 1 < len(known) == len(parts) else None


def _lists(text: str) -> Iterator[Several]:
    around = enclosed(text)
    kinds = {"⟪⟫": "set", "()": "()", "⟨⟩": "()", "[]": "[]"}
    if around in kinds:
        found = _items(text[1:-1], kinds[around])
        if found is not None and (kinds[around] == "set" or len(found.items) > 1):
            yield found
    found = _items(text, "list")
    if found is not None and len(found.items) > 1:
        yield found
    match [one.strip() for one in text.split("<")]:
        case [_, _, _, *_] as chain if _rises(chain):
            yield Several(tuple(next(amounts(one)) for one in chain), "list")
    vector = _components(text)
    if vector is not None:
        yield vector


def _rises(chain: list[str]) -> bool:
    """Whether `-3 < -1 < 2` is a true chain of numbers."""
    values = [number_of(one) for one in chain]
    known = [inexact(one) for one in values if one is not None]
    return len(known) == len(values) and all(a < b for a, b in zip(known, known[1:], strict=False))


def _items(text: str, kind: str) -> Several | None:
    pieces = cut(text, _SEPARATOR)
    if any(not piece for piece in pieces) or (len(pieces) == 1 and kind in ("()", "[]")):
        return None
    if pieces == [text] and signed(text) == [text] and kind == "list":
        return None
    labels, items = [], []
    for piece in pieces:
        label, rest = _labelled(piece)
        for one in signed(rest):
            found = tuple(islice(meanings(one), _MOST_READINGS))
            if not found or isinstance(found[0], CurveEquation):
                return None
            items.append(found[0] if len(found) == 1 else Alternatives(found))
            labels.append(label)
    return Several(tuple(items), kind, tuple(labels))


def _labelled(piece: str) -> tuple[str, str]:
    """The name of a part and its value: `x_{1}=3`, `"remainder" -2`, `the quotient is x+1`."""
    label, equals, rest = piece.partition("=")
    letter = _LETTER.fullmatch(label) if equals else None
    if letter:
        return letter[1], rest
    word = _WORD.match(piece)
    if word and word[1] not in FUNCTIONS and numeral(word[1]) is None:
        return word[1], word[2]
    return "", piece


def _components(text: str) -> Several | None:
    """`3 î - 4 ĵ`, and `0.6 i − 0.8 j`, as a vector."""
    plain = text.replace("k\u0302", "ḱ")
    if not re.search(r"[ĵjḱ]", plain) or re.search(r"[a-hl-zA-Z\\]", plain):
        return None
    plain = plain.replace("î", "i").replace("ĵ", "j").replace("ḱ", "k")
    found = []
    terms = re.findall(r"([-+]?)\s*([^-+ijk]*)\s*([ijk])", plain)
    if re.sub(r"([-+]?)\s*([^-+ijk]*)\s*([ijk])", "", plain).strip():
        return None
    given = {axis: f"{sign}({size.strip(' *') or 1})" for sign, size, axis in terms}
    for axis in "ijk" if "k" in given else "ij":
        amount = next(iter(amounts(given.get(axis, "0"))), None)
        if amount is None:
            return None
        found.append(amount)
    return Several(tuple(found), "()")


def _equation(text: str) -> CurveEquation | None:
    match [tree_or_none(side) for side in cut(text, _EQUALS)]:
        case [tuple() as left, tuple() as right]:
            return CurveEquation(left, right)
    return None

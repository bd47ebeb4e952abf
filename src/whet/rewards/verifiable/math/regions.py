"""Sets of real numbers: intervals, inequalities, unions and what they leave out."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from whet.rewards.verifiable.math.evaluation import (
    Value,
    inexact,
    is_real,
    real,
    same,
    value_or_none,
)
from whet.rewards.verifiable.math.pieces import cut, enclosed
from whet.rewards.verifiable.math.syntax import tree_or_none

_UNION = re.compile(r'∪|\s+or\s+|\s*"\s*(?:or|ou|oder)\s*"\s*|或')
_BOTH = re.compile(r'∩|\s+and\s+|\s*"\s*and\s*"\s*')
_MINUS = re.compile(r"∖|\\(?=\s*⟪)")
_COMPARED = re.compile(r"<=|>=|[<>≤≥≠]")
_MOST_SIGNS = 2  # of a chain
_COMMA = re.compile(r"[,;]")
_BUILDER = re.compile(r"^\s*([a-zA-Zθ])\s*(?:∈\s*\\R)?\s*(?:\||:|\"such that\")\s*(.*)$", re.DOTALL)
_MEMBER = re.compile(r"^\s*[a-zA-Zθ]\s*∈\s*")
_EXCEPT = re.compile(
    r"^(?:\\R|(?:all|every|any)(?: real)?(?: numbers?| values?)?(?: (?:of )?[a-z])?)\s*,?\s*"
    r"(?:except|except for|other than|but|besides)\s+(?:[a-z]\s*=\s*)?(.*)$"
)
_SUCH = re.compile(
    r'^"?\s*(?:the )?(?:set of )?(?:all )?(?:the )?(?:real |possible )*(?:numbers |values'
    r' (?:of )?)?"?\s*[a-z]\s*"?\s*'
    r'(?:with|such that|for which|satisfying|where)\s*"?\s*(.+)$'
)
_EVERY = re.compile(
    r'^"?\s*(?:for )?(?:all|every|any) (?:(?:real|positive|natural|rational)\s*)?'
    r'(?:integers?|numbers?|reals?|values? of)?\s*"?\s*(.*)$'
)
_ALL = re.compile(
    r"^(?:\\R|(?:[a-z]\s*∈\s*\\R)|\(-∞[,;]\s*\+?∞\)|\]-∞[,;]\s*\+?∞\[)$"
    r"|^(?:all|every|any) real(?: numbers?| values?| x)*$|"
    r"^(?:the )?(?:set of )?(?:all )?reals?(?: numbers)?$"
)


@dataclass(frozen=True, slots=True)
class Region:
    """A set of real numbers: membership, the points where it may change, and its variable."""

    holds: Callable[[Value], bool]
    points: tuple[Value, ...]
    variable: str = ""

    def equals(self, other: "Region") -> bool:
        """Whether both contain the same of all points, and of the gaps between them."""
        if self.variable and other.variable and self.variable != other.variable:
            return False
        return all(
            self.holds(at) == other.holds(at) for at in probes((*self.points, *other.points))
        )


def probes(points: Iterable[Value]) -> list[Value]:
    """The points, one between each two, one below all and one above."""
    ordered = sorted(points, key=inexact)
    if not ordered:
        return [Fraction(0)]
    between = [
        (inexact(a) + inexact(b)) / 2
        for a, b in zip(ordered, ordered[1:], strict=False)
        if not same(a, b)
    ]
    return [*ordered, *between, inexact(ordered[0]) - 1, inexact(ordered[-1]) + 1]


def region(text: str) -> Region | None:
    """The set of real numbers that a spelled text is; None for any other text."""
    text = text.strip()
    if _ALL.match(text.replace('"', "").strip().casefold().replace("\\r", "\\R")):
        return Region(lambda _: True, ())
    if excepted := _EXCEPT.match(text.replace('"', " ").strip()):
        return _without(Region(lambda _: True, ()), _finite(excepted[1]))
    return _side_by_side(text) or _combined(text) or _described(text)


def _combined(text: str) -> Region | None:
    """Unions, intersections and differences."""
    for pattern, join in ((_UNION, any), (_BOTH, all)):
        pieces = cut(text, pattern)
        if len(pieces) > 1:
            parts = [region(one) for one in pieces]
            found = _joined(parts, join)
            apart = "∩" not in text and all(one[:1] in "([]" for one in pieces)
            if join is all and found is not None and apart and not _is_met(found):
                return _joined(parts, any)  # `(-∞, 0) and (1, ∞)`
            return found
    match cut(text, _MINUS):
        case [whole, left_out]:
            return _without(region(whole), region(left_out))
    return None


def _described(text: str) -> Region | None:
    """`every x > 3`, `x ∈ (0, 1)`, and what is written as it is."""
    if such := _SUCH.match(text):
        return region(such[1].strip('" '))
    if (every := _EVERY.match(text)) is not None and _COMPARED.search(every[1]):
        return region(every[1])
    if _MEMBER.match(text):
        return region(_MEMBER.sub("", text))
    return _simple(text)


def _is_met(of: Region) -> bool:
    """Whether the set has a point."""
    return any(of.holds(at) for at in probes(of.points))


def _side_by_side(text: str) -> Region | None:
    """`x < 0, x > 1`: both where that is possible, else one of the two."""
    match cut(text, _COMMA):
        case [one, other] if _COMPARED.search(one) and _COMPARED.search(other):
            parts = [_inequality(one), _inequality(other)]
            both = _joined(parts, all)
            if both is None or _is_met(both):
                return both
            return _joined(parts, any)
    return None


def _simple(text: str) -> Region | None:
    around = enclosed(text)
    inner = text[1:-1]
    if around == "⟪⟫":
        built = _BUILDER.match(inner)
        return region(built[2]) if built else _finite(inner)
    if around in ("()", "[]", "(]", "[)", "][", "[[", "]]") or re.match(
        r"^[\](\[].*[,;].*[\[)\]]$", text
    ):
        match cut(inner, _COMMA):
            case [low, high]:
                return _interval(text[0], low, high, text[-1])
    return _inequality(text)


def number_of(text: str) -> Value | None:
    """The real value of a closed formula; ±∞ as `float`."""
    text = text.strip()
    if text.lstrip("+-").strip() == "∞":
        return inexact(Fraction(1)) * float("-inf" if text.startswith("-") else "inf")
    of = tree_or_none(text)
    found = None if of is None else value_or_none(of, {})
    return real(found) if found is not None and is_real(found) else None


def _interval(opens: str, low: str, high: str, closes: str) -> Region | None:
    a, b = number_of(low), number_of(high)
    if a is None or b is None or not inexact(a) < inexact(b):
        return None
    if "∞" in low and opens == "[" or "∞" in high and closes == "]":
        return None
    below, above = ("≤" if opens == "[" else "<"), ("≤" if closes == "]" else "<")
    finite = tuple(end for end, written in ((a, low), (b, high)) if "∞" not in written)
    return Region(
        lambda x: ("∞" in low or _compare(a, below, x)) and ("∞" in high or _compare(x, above, b)),
        finite,
    )


def _compare(a: Value, sign: str, b: Value) -> bool:
    if "inf" not in (str(a).strip("+-"), str(b).strip("+-")) and same(a, b):
        return sign in ("≤", "≥", "<=", ">=")
    less = inexact(a) < inexact(b)
    return {
        "<": less,
        "≤": less,
        "<=": less,
        ">": not less,
        "≥": not less,
        ">=": not less,
        "≠": True,
    }[sign]


def _inequality(text: str) -> Region | None:
    """A chain such as `-1 < x ≤ 2`, `|x| < 3` or `x ≠ 0`, with the variable in one place."""
    signs = _COMPARED.findall(text)
    sides = [side.strip() for side in _COMPARED.split(text)]
    if not 1 <= len(signs) <= _MOST_SIGNS:
        return None
    free = [
        place
        for place, side in enumerate(sides)
        if re.fullmatch(r"\|?\s*[a-zA-Zθ](?:_\{\w+\})?\s*\|?", side)
    ]
    if len(free) != 1 or (len(signs) == _MOST_SIGNS and free != [1]):
        return None
    place = free[0]
    inside = sides[place]
    known = {at: number_of(side) for at, side in enumerate(sides) if at != place}
    numbers = {at: one for at, one in known.items() if one is not None}
    if len(numbers) < len(known):
        return None
    absolute = inside.startswith("|")

    def holds(x: Value) -> bool:
        given = {**numbers, place: abs(x) if absolute else x}
        return all(_compare(given[at], sign, given[at + 1]) for at, sign in enumerate(signs))

    points = tuple(one for at, one in numbers.items() if "∞" not in sides[at])
    points += tuple(-one for one in points) if absolute else ()
    return Region(holds, points, inside.strip("| "))


def _finite(text: str) -> Region | None:
    if not text.strip():
        return Region(lambda _: False, ())
    known = [number_of(one) for piece in cut(text, _COMMA) for one in signed(piece)]
    found = tuple(one for one in known if one is not None)
    if len(found) < len(known):
        return None
    return Region(lambda x: any(same(x, one) for one in found), found)


def signed(text: str) -> list[str]:
    """Both readings of a text with ±, else the text alone."""
    if "±" not in text and "∓" not in text:
        return [text]
    return [text.replace("±", a).replace("∓", b) for a, b in (("+", "-"), ("-", "+"))]


def _joined(parts: list[Region | None], join: Callable) -> Region | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    variables = {part.variable for part in known if part.variable}
    if len(variables) > 1:
        return None
    points = tuple(point for part in known for point in part.points)
    return Region(
        lambda x: join(part.holds(x) for part in known),
        points,
        variables.pop() if variables else "",
    )


def _without(whole: Region | None, left_out: Region | None) -> Region | None:
    if whole is None or left_out is None:
        return None
    return Region(
        lambda x: whole.holds(x) and not left_out.holds(x), (*whole.points, *left_out.points)
    )

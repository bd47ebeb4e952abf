"""Sums of products whose factors keep their order, as those of matrices do."""

from collections.abc import Mapping
from fractions import Fraction

from whet.rewards.verifiable.math.syntax import Tree

Products = Mapping[tuple[str, ...], Fraction]
_HIGHEST, _MOST = 6, 200


def products(of: Tree) -> Products | None:
    """The coefficient of each product in the expanded tree; None for other operations."""
    kind = of[0]
    if kind == "num":
        return {(): of[1]} if of[1] else {}
    if kind == "var":
        return {(of[1],): Fraction(1)}
    parts = [products(part) for part in of[1:]] if kind in ("neg", "+", "-", "*") else []
    if kind == "^" and of[2][0] == "num" and of[2][1] in range(1, _HIGHEST):
        parts = [products(of[1])] * int(of[2][1])
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts):
        return None
    if kind in ("*", "^"):
        return _product(known)
    signs = (Fraction(-1 if kind == "neg" else 1), Fraction(-1 if kind == "-" else 1))
    return _sum(known, signs)


def _sum(parts: list[Products], signs: tuple[Fraction, ...]) -> Products:
    found: dict[tuple[str, ...], Fraction] = {}
    for part, sign in zip(parts, signs, strict=False):
        for factors, count in part.items():
            found[factors] = found.get(factors, Fraction(0)) + sign * count
    return {factors: count for factors, count in found.items() if count}


def _product(parts: list[Products]) -> Products | None:
    found: Products = {(): Fraction(1)}
    for part in parts:
        pairs = [((*a, *b), x * y) for a, x in found.items() for b, y in part.items()]
        if len(pairs) > _MOST:
            return None
        found = _sum([{factors: count} for factors, count in pairs], (Fraction(1),) * len(pairs))
    return found

"""Antiderivatives: formulas with an arbitrary constant."""

import re
from fractions import Fraction

from whet.rewards.verifiable.math.amounts import Amount, formulas_agree
from whet.rewards.verifiable.math.claims import claims
from whet.rewards.verifiable.math.syntax import Tree, names, tree_or_none

CONSTANT = re.compile(
    r"^(.*?)\s*\+\s*\"?([CcKk]|const(?:ant)?\.?)(?:_\{\w+\})?\"?$|^([CcKk])\s*\+\s*(.*)$"
)


def is_antiderivative(gold: re.Match[str], given: str) -> bool:
    """Whether the answer has a constant, too, and differs from the task's by a constant."""
    for form in claims(given, "", []):
        match = CONSTANT.match(form)
        if match is None:
            continue
        one, other = (tree_or_none(each[1] or each[4]) for each in (gold, match))
        if one is None or other is None:
            continue
        if _differ_by_a_constant(one, other):
            return True
    return False


def _differ_by_a_constant(one: Tree, other: Tree) -> bool:
    free = sorted(names(one) | names(other))
    if not free or names(one) != names(other):
        return False
    difference = ("-", one, other)
    moved = _moved(difference)
    return formulas_agree(Amount(difference), Amount(moved))


def _moved(of: Tree) -> Tree:
    """The tree at a fixed point: each variable is 7/5."""
    if of[0] == "var":
        return ("num", Fraction(7, 5))
    return tuple(_moved(part) if isinstance(part, tuple) else part for part in of)

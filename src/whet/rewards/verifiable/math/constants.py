"""Arbitrary constants of a general solution, which may have any names."""

import re
from collections.abc import Iterator
from itertools import permutations

from whet.rewards.verifiable.math.amounts import Amount
from whet.rewards.verifiable.math.kinds import CurveEquation, Meaning
from whet.rewards.verifiable.math.syntax import Tree, names

_GENERAL = re.compile(
    r"\b(?:general|all (?:\w+ )?(?:functions|polynomials|solutions|sequences|matrices)"
    r"|differential|"
    r"family|every solution|arbitrary)\b|[a-zA-Z]''?(?:\s*\(|\s*[-+=])|\\frac\{d"
)
_CONSTANT = re.compile(r"^(?:[ABCDEKabcdkmλμαβγκ])(?:_\{\w+\})?$")
_MOST = 3


def renamed(gold: Meaning, answer: Meaning, asked: str) -> Iterator[Meaning]:
    """The answer with the names of the task's constants, if a question is about a general one."""
    if not _GENERAL.search(asked):
        return
    mine, theirs = _constants(answer, asked), _constants(gold, asked)
    if not theirs or len(mine) != len(theirs) or len(mine) > _MOST:
        return
    for order in permutations(sorted(theirs)):
        yield _with(answer, dict(zip(sorted(mine), order, strict=True)))


def _constants(of: Meaning, asked: str) -> frozenset[str]:
    """The names of constants that the question does not have."""
    return frozenset(
        name
        for one in _trees(of)
        for name in names(one)
        if _CONSTANT.match(name) and not re.search(rf"(?<![\w\\]){name[0]}(?![\w'])", asked)
    )


def _trees(of: Meaning) -> tuple[Tree, ...]:
    if isinstance(of, Amount):
        return (of.formula,)
    return (of.left, of.right) if isinstance(of, CurveEquation) else ()


def _with(of: Meaning, new: dict[str, str]) -> Meaning:
    if isinstance(of, Amount):
        return Amount(renamed_tree(of.formula, new), of.unit, of.decimal)
    if isinstance(of, CurveEquation):
        return CurveEquation(renamed_tree(of.left, new), renamed_tree(of.right, new))
    return of


def renamed_tree(of: Tree, new: dict[str, str]) -> Tree:
    """The tree with other names of variables."""
    if of[0] == "var":
        return ("var", new.get(of[1], of[1]))
    return tuple(renamed_tree(part, new) if isinstance(part, tuple) else part for part in of)

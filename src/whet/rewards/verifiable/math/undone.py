"""What is no answer yet: computations that are left to be carried out."""

import re

from whet.rewards.verifiable.math.amounts import Amount
from whet.rewards.verifiable.math.kinds import Meaning
from whet.rewards.verifiable.math.spelling import squeezed
from whet.rewards.verifiable.math.syntax import Tree, names, operations, tree_or_none

_SHORTEST = 3  # characters of a computation


def undone(form: str, gold: list[Meaning]) -> bool:
    """Whether a sum is left to be carried out, where the task's answer is one number."""
    known = any(isinstance(one, Amount) and one.formula[0] == "num" for one in gold)
    of = tree_or_none(form)
    return known and of is not None and not names(of) and (_has_sum(of) or _is_asked_of_two(of))


def _is_asked_of_two(of: Tree) -> bool:
    """Whether it is a divisor, a multiple or an extreme of numbers that is still to be found."""
    return of[0] == "call" and of[1] in ("gcd", "lcm", "max", "min")


def _has_sum(of: Tree) -> bool:
    if of[0] in ("+", "-"):
        mixed = of[0] == "+" and of[1][0] == "num" and of[2][0] == "/" and of[2][1][0] == "num"
        return not mixed and "i" not in operations(of)
    return any(_has_sum(part) for part in of[1:] if isinstance(part, tuple))


def restated(form: str, wanted: str, asked: str) -> bool:
    """Whether the form is a computation of numbers that stands in the question."""
    short = squeezed(form)
    of = tree_or_none(form)
    if (
        (of is not None and names(of))
        or len(short) < _SHORTEST
        or not re.search(r"[-+*/^!\\(_]", short.lstrip("-+"))
        or re.fullmatch(r"[-+]?\d+/\d+", short)
    ):
        return False
    return short in re.sub(r"\s+", "", asked.replace('"', "")) or short in squeezed(asked)

"""Numbers that may differ from the right ones by an absolute error, one by one or as a list."""

from collections.abc import Sequence
from fractions import Fraction

from whet.rewards.verifiable.math.number import number


def parts(text: str) -> list[str]:
    """The pieces of a text between the commas that stand outside of all brackets.

    Commas that separate thousands stand inside of a number: `1,234` is one piece.
    """
    if number(text) is not None:
        return [text]
    pieces, depth = [""], 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth <= 0:
            pieces.append("")
        else:
            pieces[-1] += sign
    return [piece.strip() for piece in pieces]


def within(gold: str, answer: str, allowed: Sequence[object]) -> bool | None:
    """Whether each number of `gold` has one of its own in `answer`, with |a − b| ≤ allowed.

    `allowed` has one error for all of the numbers, or one for each in the order of `gold`; the
    numbers of `answer` may have any order.  None where `gold` has anything but numbers.  Raises
    `ValueError` for another count of errors.
    """
    wanted, given = ([number(one) for one in parts(text)] for text in (gold, answer))
    if None in wanted:
        return None
    if len(allowed) not in (1, len(wanted)):
        raise ValueError(f"info['abs_tol'] has {len(allowed)} errors for {len(wanted)} numbers")
    if None in given or len(given) != len(wanted):
        return False
    errors = [Fraction(str(error)) for error in allowed] * (len(wanted) if len(allowed) == 1 else 1)
    left = list(zip(wanted, errors, strict=True))
    for found in sorted((one for one in given if one is not None), key=lambda one: one.value):
        fit = [(a, error) for a, error in left if a is not None and a.agrees(found, absolute=error)]
        if not fit:
            return False
        left.remove(min(fit, key=lambda one: one[0].value + one[1]))
    return True

"""Comparison of outputs with the expected ones, in this process and outside the sandbox."""

from collections.abc import Sequence
from itertools import chain
from math import isclose

_TOLERANCE = 1e-6  # relative and absolute
_SHORT = frozenset({"yes", "no"})  # in whatever case


def same_text(expected: str, said: str) -> bool:
    """Whether two outputs have equal lines, or else equal tokens, with numbers within 1e-6.

    Blanks at the ends of lines are ignored.
    """
    wanted, got = _lines(expected), _lines(said)
    if wanted == got:
        return True
    if len(wanted) != len(got):
        return False
    pairs = [(a.split(), b.split()) for a, b in zip(wanted, got, strict=True)]
    if any(len(a) != len(b) for a, b in pairs):
        return False
    return all(
        _same_token(*p) for p in chain.from_iterable(zip(*pair, strict=True) for pair in pairs)
    )


def same_value(expected: object, got: object) -> bool:
    """Whether two JSON values are equal, with numbers within 1e-6.

    The expected value may be wrapped in one more list.
    """
    return equal_value(expected, got) or equal_value(expected, [got])


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.replace("\r\n", "\n").strip().split("\n")]


def _same_token(wanted: str, got: str) -> bool:
    if wanted == got:
        return True
    if wanted.casefold() in _SHORT:
        return wanted.casefold() == got.casefold()
    one, other = _number(wanted), _number(got)
    if one is None or other is None or (_whole(wanted) and _whole(got)):
        return False
    return isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)


def _whole(token: str) -> bool:
    return token.lstrip("+-").isdigit()


def _number(token: str) -> float | None:
    """The token as a finite decimal in plain ASCII, or None."""
    if not token.isascii() or "_" in token:
        return None
    try:
        number = float(token)
    except ValueError:
        return None
    return number if abs(number) != float("inf") else None


def equal_value(expected: object, got: object) -> bool:
    """Whether two JSON values are equal, with numbers within 1e-6; a tuple is a list."""
    if isinstance(expected, dict) and isinstance(got, dict):
        return expected.keys() == got.keys() and all(
            equal_value(v, got[k]) for k, v in expected.items()
        )
    if isinstance(expected, (list, tuple)) and isinstance(got, (list, tuple)):
        return _each_equal(expected, got)
    if isinstance(expected, float) or isinstance(got, float):
        return _close(expected, got)
    return type(expected) is type(got) and expected == got


def _each_equal(expected: Sequence[object], got: Sequence[object]) -> bool:
    return len(expected) == len(got) and all(map(equal_value, expected, got))


def _close(expected: object, got: object) -> bool:
    numbers = all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in (expected, got))
    if not numbers:
        return False
    if expected == got:
        return True
    try:
        return isclose(
            float(str(expected)), float(str(got)), rel_tol=_TOLERANCE, abs_tol=_TOLERANCE
        )
    except (OverflowError, ValueError):
        return False

"""Comparison of outputs with the expected ones, in this process and outside the sandbox."""

from collections.abc import Sequence
from itertools import chain

_RELATIVE, _ABSOLUTE, _SMALL = 1e-9, 1e-6, 1e-3
_NOISE, _ZERO = 1e-9, 1e-12  # around whole numbers, and around nought
_SHORT = frozenset({"yes", "no"})  # in whatever case


def same_text(expected: str, said: str) -> bool:
    """Whether two outputs have equal lines, or else equal tokens, with numbers as in `near`.

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
    """Whether two JSON values are equal, with numbers as in `near`.

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
    return near(int(wanted) if _whole(wanted) else one, other)


def near(expected: float, got: float) -> bool:
    """Whether a number is as close to the expected one as a right program's.

    A whole number is met to 1e-9.  Otherwise the difference is at most 1e-6, or less where the
    expected number is below 1e-3 (a thousandth of it), or more where it is above 1000 (1e-9 of it).
    """
    if isinstance(expected, int):
        return abs(got - expected) <= _NOISE
    size = abs(expected)
    room = max(_RELATIVE * size, min(_ABSOLUTE, _SMALL * size), _ZERO)
    return abs(got - expected) <= room


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
    """Whether two JSON values are equal, with numbers as in `near`; a tuple is a list."""
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
    if isinstance(expected, bool) or isinstance(got, bool):
        return False
    if not isinstance(expected, (int, float)) or not isinstance(got, (int, float)):
        return False
    if expected == got:
        return True
    try:
        return near(expected, got)
    except OverflowError:  # a whole number beyond all floats
        return False

"""Checks of what a part returned, which may come from a user's file."""

from collections.abc import Sequence
from typing import TypeVar

from whet.types.errors import UsageError

T = TypeVar("T")


def are_flags(value: object) -> bool:
    """Whether a value is a tuple of True and False."""
    return isinstance(value, tuple) and all(isinstance(flag, bool) for flag in value)


def returned(where: str, value: object, kind: type[T]) -> T:
    """The value, if it is of that kind.

    Raises `UsageError` otherwise, which names the method `where`, what it returned and what to
    return.
    """
    if not isinstance(value, kind):
        raise UsageError(f"{where} returned {_named(value)}; return {article(kind)}")
    return value


def listed(where: str, values: object, kind: type[T]) -> list[T]:
    """The values as a list, if they are a sequence of that kind.

    Raises `UsageError` otherwise.
    """
    wanted = f"return a sequence of {kind.__name__}"
    if not isinstance(values, Sequence) or isinstance(values, str | bytes):
        raise UsageError(f"{where} returned {_named(values)}; {wanted}")
    wrong = [value for value in values if not isinstance(value, kind) or _is_flag(value, kind)]
    if wrong:
        raise UsageError(f"{where} returned a sequence with {_named(wrong[0])}; {wanted}")
    return list(values)


def _is_flag(value: object, kind: type) -> bool:
    """Whether a number was wanted, and it is True or False."""
    return kind is int and isinstance(value, bool)


def _named(value: object) -> str:
    if value is None or isinstance(value, bool | int | float | str):
        return repr(value)
    return article(type(value))


def article(kind: type) -> str:
    """The name of a type behind its article."""
    return f"{'an' if kind.__name__[0] in 'AEIOUaeiou' else 'a'} {kind.__name__}"

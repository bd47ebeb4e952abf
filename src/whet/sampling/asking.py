"""Calls of parts that may be a user's."""

import sys
from collections.abc import Awaitable, Callable
from inspect import isawaitable, iscoroutine
from pathlib import Path
from typing import Any, TypeVar

from whet.scripts import complaint
from whet.types import IntegrityError, UsageError

T = TypeVar("T")


def named(method: Callable[..., object]) -> str:
    """The name of a bound method in messages: `Mine.next`."""
    owner: object = getattr(method, "__self__", method)
    name = getattr(method, "__name__", "__call__")
    return f"{type(owner).__name__}.{name}"


def asked(method: Callable[..., T], *given: Any) -> T:
    """What a method of a part returns.

    Raises `UsageError` for a coroutine function, and for an exception of a part that is not
    whet's, with the line of its file.
    """
    try:
        found = method(*given)
    except (UsageError, IntegrityError):
        raise
    except (Exception, SystemExit) as error:
        raise _blamed(method, error) from error
    if iscoroutine(found):
        found.close()  # else Python warns that it was never awaited
        raise UsageError(f"{named(method)} is a coroutine function; write `def`, not `async def`")
    return found


async def awaited(method: Callable[..., Awaitable[T]], *given: Any) -> T:
    """What a coroutine method of a part returns, as of `asked`."""
    try:
        going: object = method(*given)
        if isawaitable(going):
            return await going
    except (UsageError, IntegrityError):
        raise
    except (Exception, SystemExit) as error:
        raise _blamed(method, error) from error
    raise UsageError(f"{named(method)} is no coroutine function; write `async def`, not `def`")


def _blamed(method: Callable[..., object], error: BaseException) -> BaseException:
    """The error itself for a part of whet's own, else one line with the place in its file."""
    module = type(getattr(method, "__self__", method)).__module__
    if module.startswith("whet.") and not isinstance(error, SystemExit):
        return error
    path = getattr(sys.modules.get(module), "__file__", None)
    file = Path(path or module)
    return UsageError(f"{named(method)} of {file.name}{complaint(error, file)}")

"""Calls of the methods of a part, which may be a user's."""

import sys
from collections.abc import Awaitable, Callable
from inspect import isawaitable, iscoroutine
from pathlib import Path
from typing import Any, TypeVar

from whet.scripts import complaint
from whet.types import IntegrityError, UsageError
from whet.types.returned import listed, returned

T = TypeVar("T")


def name_of(method: Callable[..., object]) -> str:
    """The name of a bound method in messages: `Mine.next`."""
    owner: object = getattr(method, "__self__", method)
    name = getattr(method, "__name__", "__call__")
    return f"{type(owner).__name__}.{name}"


def call(method: Callable[..., object], kind: type[T], *given: Any) -> T:
    """What a method of a part returns, of that kind.

    Raises `UsageError` for another kind, for a coroutine function, and for an exception of a part
    that is not whet's, with the line of its file.
    """
    return returned(name_of(method), _result(method, *given), kind)


def call_list(method: Callable[..., object], kind: type[T], *given: Any) -> list[T]:
    """What a method of a part returns, as a list of that kind; raises as `call`."""
    return listed(name_of(method), _result(method, *given), kind)


async def call_async(method: Callable[..., Awaitable[object]], *given: Any) -> object:
    """What a coroutine method of a part returns; raises as `call`."""
    try:
        going: object = method(*given)
        if isawaitable(going):
            return await going
    except (UsageError, IntegrityError):
        raise
    except (Exception, SystemExit) as error:
        raise _blamed(method, error) from error
    told = "is no coroutine function; write `async def`, not `def`"
    raise UsageError(f"{name_of(method)} {told}")


def _result(method: Callable[..., object], *given: Any) -> object:
    try:
        found = method(*given)
    except (UsageError, IntegrityError):
        raise
    except (Exception, SystemExit) as error:
        raise _blamed(method, error) from error
    if iscoroutine(found):
        found.close()  # else Python warns that it was never awaited
        told = "is a coroutine function; write `def`, not `async def`"
        raise UsageError(f"{name_of(method)} {told}")
    return found


def _blamed(method: Callable[..., object], error: BaseException) -> BaseException:
    """The error itself for a part of whet's own, else one line with the place in its file."""
    module = type(getattr(method, "__self__", method)).__module__
    if module.startswith("whet.") and not isinstance(error, SystemExit):
        return error
    path = getattr(sys.modules.get(module), "__file__", None)
    file = Path(path or module)
    return UsageError(f"{name_of(method)} of {file.name}{complaint(error, file)}")

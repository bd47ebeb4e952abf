"""A call of a judge: bounded threads for functions that block, and whatever comes of it as a value.

A judge may be anybody's code, so it may hang, end the program, or raise what can't be printed.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from inspect import iscoroutine
from typing import Any
from weakref import WeakKeyDictionary

from whet.calls.results import clean
from whet.calls.threads import in_thread

_MOST = min(32, (os.cpu_count() or 1) + 4)  # calls at a time, as many as asyncio.to_thread makes
_ROOM: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def blocking(function: Callable[..., Any], *arguments: object) -> Any:
    """What a function returns, or the exception that it raised, from a daemon thread.

    A call that is cancelled gives its place back at once, and its thread ends when it likes: it
    takes no place of a later call and delays no exit.  An exception comes as a value, since no
    future can hold a StopIteration.
    """
    room = _ROOM.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_MOST))
    async with room:
        return await in_thread(lambda: _outcome(function, arguments))


async def outcome(call: Awaitable[object]) -> Any:
    """What an awaited call returns, or the exception that it raised.

    Raises KeyboardInterrupt, and CancelledError where this task is cancelled and not the call.
    """
    try:
        [found] = await asyncio.gather(_kept(call), return_exceptions=True)
    finally:
        if iscoroutine(call):
            call.close()  # cancelled before it began, Python would warn that it was never awaited
    if isinstance(found, KeyboardInterrupt):
        raise found
    return found


def told(error: BaseException) -> str:
    """`TypeName: message` of any exception, in one line that can be encoded."""
    try:
        words = str(error)
    except Exception:  # noqa: BLE001 (an exception that can't be printed is still told by its type)
        words = ""
    name = type(error).__name__
    return clean(f"{name}: {words}" if words else name)


def _outcome(function: Callable[..., Any], arguments: tuple[object, ...]) -> Any:
    try:
        return function(*arguments)
    except BaseException as error:  # noqa: BLE001 (the caller decides what it means)
        return error


async def _kept(call: Awaitable[object]) -> Any:
    """The result of a call; SystemExit as a value, since a task raises it through the loop."""
    try:
        return await call
    except SystemExit as error:
        return error

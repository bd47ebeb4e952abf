"""Long calls of the learner: at once, or in a thread while rollouts go on."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from whet.calls.threads import in_thread

T = TypeVar("T")
Learning = Callable[[Coroutine[Any, Any, Any]], Coroutine[Any, Any, Any]]


async def at_once(call: Coroutine[Any, Any, T]) -> T:
    """The result of a call; nothing else goes on while it computes."""
    return await call


async def beside(call: Coroutine[Any, Any, T]) -> T:
    """The result of a call that runs in a thread, with an event loop of its own.

    The thread is waited for also when the wait is cancelled, so that no step is left half taken.
    """
    running = asyncio.ensure_future(in_thread(lambda: asyncio.run(call)))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        if running.done() and (error := running.exception()) is not None:
            raise error from None
        raise

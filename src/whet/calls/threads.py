"""Functions that block, each in a thread of its own."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from threading import Thread
from typing import Any


async def in_thread(function: Callable[[], Any]) -> Any:
    """What a function returns or raises, run in a new daemon thread.

    A thread that hangs is left behind: it takes no place of a pool and delays no exit, which a
    thread of `asyncio.to_thread` does.
    """
    loop, context = asyncio.get_running_loop(), copy_context()
    done: asyncio.Future[tuple[Any, BaseException | None]] = loop.create_future()

    def deliver(value: Any, error: BaseException | None) -> None:
        if not done.done():  # nor cancelled
            done.set_result((value, error))

    def work() -> None:
        value, raised = None, None
        try:
            value = context.run(function)
        except BaseException as error:  # noqa: BLE001 (it is raised again where it is awaited)
            raised = error
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(deliver, value, raised)

    Thread(target=work, daemon=True, name="tool").start()
    value, raised = await done
    if raised is not None:
        raise raised
    return value

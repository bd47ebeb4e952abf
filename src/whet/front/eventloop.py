"""Run coroutines from synchronous code, also in a notebook."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

T = TypeVar("T")

_STOPS = (asyncio.CancelledError, KeyboardInterrupt)
_INTERRUPTS = 3


def finish(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine.

    Where an event loop is running already, as in a notebook's cell, the coroutine gets a thread
    and a loop of its own, and the caller waits.  An interrupt of the wait does not end the thread.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _run(work)
    pool = ThreadPoolExecutor(1)
    context = copy_context()  # keeps the output in the cell of a notebook
    result = pool.submit(context.run, _run, work)
    pool.shutdown(wait=False)
    return result.result()


def _run(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine; after an interrupt all others end before the loop is closed."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        loop.set_exception_handler(_told)
        try:
            return runner.run(work)
        except KeyboardInterrupt:
            _ended(loop)
            raise


def _ended(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what is under way, and let it end.

    The interrupt of a task is raised again where another one waits for it; the third is taken for
    an impatient user's, and leaves the rest.
    """
    for _ in range(_INTERRUPTS):
        pending = asyncio.all_tasks(loop)
        for task in pending:
            task.cancel()
        try:
            if pending:
                loop.run_until_complete(asyncio.wait(pending))
        except KeyboardInterrupt:
            continue
        return


def _told(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Print what went wrong unheard; a call that was stopped did not go wrong."""
    if not isinstance(context.get("exception"), _STOPS):
        loop.default_exception_handler(context)

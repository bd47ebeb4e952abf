"""Run coroutines from synchronous code, also in a notebook."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

T = TypeVar("T")


def finish(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine.

    Where an event loop is running already, as in a notebook's cell, the coroutine gets a thread
    and a loop of its own, and the caller waits.  An interrupt of the wait does not end the thread.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    pool = ThreadPoolExecutor(1)
    context = copy_context()  # keeps the output in the cell of a notebook
    result = pool.submit(context.run, asyncio.run, work)
    pool.shutdown(wait=False)
    return result.result()

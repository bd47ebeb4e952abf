"""Coroutines from plain code, in a notebook too."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future
from contextvars import copy_context
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


def finish(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine.

    Where an event loop is running already, as in a notebook's cell, the coroutine gets a thread
    and a loop of its own, and the caller waits.  What interrupts the wait leaves the thread to end
    by itself.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    result: Future[T] = Future()
    context = copy_context()  # where output goes, in a notebook
    Thread(target=context.run, args=(_settle, result, work), daemon=True).start()
    return result.result()


def _settle(result: "Future[T]", work: Coroutine[Any, Any, T]) -> None:
    try:
        result.set_result(asyncio.run(work))
    except BaseException as error:  # noqa: BLE001  it is raised again where the caller waits
        result.set_exception(error)

"""A worker process: foreign objects are made and called here.

The file is executed by its path.  Requests are lines of JSON on the standard input; each one has a
line of JSON as answer.  Around the calls of an episode, the global dice of `random` and of
`numpy.random` have the states of that episode.
"""

import asyncio
import atexit
import inspect
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import Any

PACKAGE = "whet_drivers"  # the name of this folder in a worker, where whet is not imported
SOURCE = 0  # number of the driver's `Source` among the episodes
_POLL_S = 0.5  # between two looks whether the parent lives


class Dice:
    """States of the global random generators of this process."""

    def __init__(self, seed: int) -> None:
        random.seed(seed)
        self._numpy: Any = import_module("numpy.random") if find_spec("numpy") else None
        if self._numpy is not None:
            self._numpy.seed(seed % 2**32)
        self.keep()

    def keep(self) -> None:
        """Remember the present states."""
        self._python = random.getstate()
        self._arrays = None if self._numpy is None else self._numpy.get_state()

    def restore(self) -> None:
        """Set the remembered states."""
        random.setstate(self._python)
        if self._numpy is not None:
            self._numpy.set_state(self._arrays)


class ForeignObjects:
    """The objects of this process by number, each with its dice."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.held: dict[int, tuple[Any, Dice]] = {}

    def answer(self, asked: Mapping[str, Any]) -> Any:
        """Do what a request asks for."""
        number, arguments = asked["number"], asked["arguments"]
        if asked["do"] == "load":
            dice = Dice(0)
            driver = import_module(f"{PACKAGE}.{asked['driver']}")
            made = import_module(f"{PACKAGE}.loading").found(asked["make"])
            self.held[SOURCE] = driver.Source(made), dice
            dice.keep()
            return None
        if asked["do"] == "open":
            dice, source = Dice(asked["seed"]), self.held[SOURCE][0]
            self.held[number] = self.run(source.open, *arguments), dice
            dice.keep()
            return None
        if asked["do"] == "close":
            return self.close(number)
        return self.called(number, asked["method"], arguments)

    def called(self, number: int, method: str, arguments: list[Any]) -> Any:
        """What a method returns, with the dice of its object."""
        held, dice = self.held[number]
        dice.restore()
        try:
            return self.run(getattr(held, method), *arguments)
        finally:
            dice.keep()

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function; a coroutine is run to its end, in the one event loop of this process."""
        value = function(*arguments)
        return (
            self.loop.run_until_complete(_awaited(value)) if inspect.isawaitable(value) else value
        )

    def close(self, number: int) -> None:
        """End an episode, if it began."""
        if number in self.held:
            self.called(number, "close", [])
            del self.held[number]


async def _awaited(value: Any) -> Any:
    return await value


def told(error: BaseException) -> dict[str, Any]:
    """An exception as plain data: its kind, its message, and the line that raised it."""
    lines = [f for f in extract_tb(error.__traceback__) if Path(f.filename).name != "worker.py"]
    where = f"{Path(lines[-1].filename).name}, line {lines[-1].lineno}" if lines else ""
    message = " ".join(str(error).split())[:400]
    kinds = [kind.__name__ for kind in type(error).__mro__]
    return {"kind": kinds[0], "misuse": "Misuse" in kinds, "message": message, "where": where}


def serve(objects: ForeignObjects, requests: Any, answers: Any) -> None:
    """Answer requests until the parent closes the pipe."""
    for line in requests:
        asked = json.loads(line)
        os.ftruncate(2, 0)
        os.lseek(2, 0, os.SEEK_SET)
        signal.setitimer(signal.ITIMER_REAL, asked["alarm"])
        try:
            answer: dict[str, Any] = {"value": objects.answer(asked)}
            text = json.dumps(answer)
        except BaseException as error:  # noqa: BLE001 (the parent raises it, sys.exit too)
            text = json.dumps({"error": told(error)})
        signal.setitimer(signal.ITIMER_REAL, 0)
        answers.write(f"{text}\n")
        answers.flush()


def watch(parent: int) -> None:
    """End this process and those that it started once the parent is gone, even in a long call."""
    while os.getppid() == parent:
        time.sleep(_POLL_S)
    os.killpg(0, signal.SIGKILL)


def main(parent: int) -> None:
    """Take the pipes, so that what a foreign object prints can't reach them, and serve."""
    atexit.register(os.killpg, 0, signal.SIGKILL)  # the last of all: what it started ends, too
    requests, answers = os.fdopen(os.dup(0), "r"), os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    threading.Thread(target=watch, args=(parent,), daemon=True).start()
    folder = ModuleType(PACKAGE)
    folder.__path__ = [str(Path(__file__).parent)]
    sys.modules[PACKAGE] = folder
    sys.path[:] = json.loads(requests.readline())
    objects = ForeignObjects()
    serve(objects, requests, answers)
    for number in [n for n in objects.held if n != SOURCE]:
        objects.close(number)


if __name__ == "__main__":
    main(int(sys.argv[1]))

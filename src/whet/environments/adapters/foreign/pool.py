"""A number of worker processes for one constructor, and the episodes in them."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

from whet.calls.threads import in_thread
from whet.environments.adapters.foreign.process import WorkerProcess
from whet.types import Fault, UsageError

_LOADING_S = 120.0  # of an import
_NUMBERS = count(1)  # of episodes


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """Objects that `make` constructs, in worker processes; one object per episode.

    `make` is `package.module:name` or `path/to/file.py:name`.  It is imported in the workers alone.
    `driver` names the module of `whet.environments.adapters.drivers` that calls it there.  Data
    cross the pipe as JSON.

    Around every call, the states of `random` and `numpy.random` are those of its episode, which
    begin with the episode's seed.  So interleaved episodes play as they do one after the other.

    An exception of the object is a `Fault`.  A call of more than `seconds` is one, too, and its
    process is killed; other episodes in that process are faults, then.  A process that died is
    replaced by the next episode.  Equal values share their processes.
    """

    make: str
    driver: str
    processes: int = 4
    seconds: float = 30.0  # wall time of a call

    def __post_init__(self) -> None:
        if not self.make.rpartition(":")[0]:
            raise UsageError(
                f"environment.make is {self.make!r}; give package.module:name or path.py:name"
            )
        if self.processes < 1:
            raise UsageError(f"environment.processes is {self.processes}; give 1 or more")
        if not self.seconds > 0:
            raise UsageError(f"environment.seconds is {self.seconds}; give more than 0")

    @asynccontextmanager
    async def open(self, seed: int, given: Mapping[str, Any]) -> AsyncIterator["ForeignEpisode"]:
        """An episode, whose dice begin with `seed`; its object is closed at the end.

        Raises `Fault` where the object can't be made, and `UsageError` where `make` can't be
        imported.
        """
        process = await in_thread(self._pool().take)
        episode = ForeignEpisode(self, process, next(_NUMBERS))
        try:
            await episode.request("open", "making it", [dict(given)], seed=seed)
            yield episode
        finally:
            try:
                if process.alive:
                    await episode.request("close", "close")
            finally:
                self._pool().give_back(process)

    def ask(self, method: str, *arguments: Any) -> Any:
        """What a method of the driver's source returns; blocks."""
        process = self._pool().take()
        try:
            request = {"do": "call", "number": 0, "method": method, "arguments": arguments}
            return process.ask(request, max(self.seconds, _LOADING_S), f"{self.make}: {method}")
        finally:
            self._pool().give_back(process)

    def close(self) -> None:
        """End the processes; later calls start new ones."""
        pool = _POOLS.pop(self, None)
        if pool is not None:
            pool.end()

    def _pool(self) -> "_Pool":
        with _OPENING:
            return _POOLS.setdefault(self, _Pool(self))


@dataclass(frozen=True, slots=True)
class ForeignEpisode:
    """The object of one episode."""

    foreign: Foreign
    process: WorkerProcess
    number: int

    async def call(self, method: str, *arguments: Any) -> Any:
        """What a method of the driver's episode returns; see `Foreign` for faults."""
        return await self.request("call", method, list(arguments), method=method)

    async def request(
        self, do: str, what: str, arguments: list[Any] | None = None, **more: Any
    ) -> Any:
        """The answer to a request about this episode."""
        asked = {"do": do, "number": self.number, "arguments": arguments or [], **more}
        name = f"{self.foreign.make}: {what}"
        return await in_thread(partial(self.process.ask, asked, self.foreign.seconds, name))


@dataclass(slots=True)
class _Pool:
    """The processes of a constructor, and how many episodes each one has."""

    foreign: Foreign
    lock: Lock = field(default_factory=Lock)
    load: dict[WorkerProcess, int] = field(default_factory=dict)

    def take(self) -> WorkerProcess:
        """The process with the fewest episodes; a new one while all are busy and more may start.

        Raises `UsageError` where `make` can't be imported.
        """
        with self.lock:
            for process in [process for process in self.load if not process.alive]:
                del self.load[process]
            least = min(self.load, key=lambda process: self.load[process], default=None)
            if least is None or self.load[least] and len(self.load) < self.foreign.processes:
                least = _started(self.foreign)
                self.load[least] = 0
            self.load[least] += 1
            return least

    def give_back(self, process: WorkerProcess) -> None:
        with self.lock:
            if process in self.load:
                self.load[process] -= 1

    def end(self) -> None:
        with self.lock:
            for process in self.load:
                process.end()
            self.load.clear()


_OPENING = Lock()
_POOLS: dict[Foreign, _Pool] = {}
os.register_at_fork(after_in_child=_POOLS.clear)


def _started(foreign: Foreign) -> WorkerProcess:
    """A process that has imported `make`."""
    place, _, name = foreign.make.rpartition(":")
    path = str(Path(place).resolve()) if place.endswith(".py") else place
    process = WorkerProcess()
    request = {"do": "load", "number": 0, "driver": foreign.driver, "make": f"{path}:{name}"}
    try:
        process.ask({**request, "arguments": []}, _LOADING_S, "loading it")
    except Fault as error:
        process.end()
        raise UsageError(f"environment.make {foreign.make!r} can't be loaded: {error}") from error
    except UsageError:
        process.end()
        raise
    return process

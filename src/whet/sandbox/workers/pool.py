"""The parent's side: a pool of worker processes, each killed at its limit and replaced."""

import atexit
import os
import pickle
import sys
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from multiprocessing.context import SpawnContext, SpawnProcess
from threading import Lock
from types import TracebackType
from typing import Any, TypeVar, cast

from pebble import ProcessExpired, ProcessPool

from whet.sandbox.workers.inside import Failed, Outcome, perform, prepare

__all__ = ["Died", "Failed", "Workers"]


class Died(RuntimeError):
    """A worker process ended in the middle of a call."""


class _Process(SpawnProcess):
    """A fresh interpreter that doesn't run the parent's main script: that one trains."""

    def start(self) -> None:
        main = vars(sys.modules["__main__"])
        with _STARTING:
            names = {name: main[name] for name in ("__spec__", "__file__") if name in main}
            main.update(dict.fromkeys(names))
            try:
                super().start()
            finally:
                main.update(names)


class _Context(SpawnContext):
    """Spawned, never forked: the parent has threads, and a fork would inherit their locks."""

    Process = _Process


T = TypeVar("T")
_MOST = 8  # pools at once; the oldest gives way
_STARTING = Lock()
_CACHE = Lock()
_POOLS: dict["Workers", ProcessPool] = {}
os.register_at_fork(after_in_child=_POOLS.clear)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """Processes that run a function under a hard limit.

    Equal values share their processes, which start with the first call, start again after `close`,
    and end with the interpreter.  Any number of threads may call at once.
    """

    count: int = 2
    memory: int = 2 << 30  # address space of each, in bytes; a limit on Linux
    modules: tuple[str, ...] = ()  # imported before any clock runs
    scripts: tuple[tuple[str, str], ...] = ()  # path and source; executed before any clock runs
    limit_s: float = field(default=5.0, compare=False)

    def call(self, function: Callable[..., T], *arguments: object) -> T:
        """`function(*arguments)` in a worker, where both must be picklable.

        Raises what the function raises, `TimeoutError` when its process was killed at the limit,
        and `Died` when the process ended by itself; the next call finds a new one.
        """
        try:
            answer = self._schedule(pickle.dumps((function, arguments))).result()
        except TimeoutError:
            name = getattr(function, "__name__", repr(function))
            raise TimeoutError(f"{name} was killed after {self.limit_s:g} s") from None
        except (ProcessExpired, RuntimeError) as death:
            raise Died(f"a worker process died: {death}") from death
        outcome: Outcome = pickle.loads(answer)
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    def close(self) -> None:
        """End the processes, after the calls that are under way."""
        with _CACHE:
            pool = _POOLS.pop(self, None)
        if pool is not None:
            _finish(pool)

    def __enter__(self) -> "Workers":
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _schedule(self, job: bytes) -> Future[bytes]:
        """Under the lock, so that nobody closes the pool in between."""
        with _CACHE:
            pool = self._pool()
            return pool.schedule(perform, args=(job, self.limit_s), timeout=self.limit_s)

    def _pool(self) -> ProcessPool:
        """The shared pool.  One that lost an idle process has broken down, and is replaced here."""
        pool = _POOLS.get(self)
        if pool is not None and pool.active:
            return pool
        if pool is not None:
            _POOLS.pop(self).join()
        while len(_POOLS) >= _MOST:
            _finish(_POOLS.pop(next(iter(_POOLS))))
        _POOLS[self] = ProcessPool(
            max_workers=self.count,
            initializer=prepare,
            initargs=(self.memory, self.modules, self.scripts),
            context=cast(Any, _Context()),
        )
        return _POOLS[self]


def _finish(pool: ProcessPool) -> None:
    """End its processes, after the calls that are under way."""
    pool.close()
    pool.join()


@atexit.register
def _close_all() -> None:
    """Leave no process behind; nobody waits for an answer any more."""
    while _POOLS:
        pool = _POOLS.popitem()[1]
        pool.stop()
        pool.join()

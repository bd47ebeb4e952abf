"""The parent's side: a pool of worker processes, each killed at its time limit and replaced."""

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

from whet.sandbox.workers.inside import CallResult, Failed, perform, prepare

__all__ = ["Died", "Failed", "Workers"]


class Died(RuntimeError):
    """A worker process ended during a call."""


class _Process(SpawnProcess):
    """A fresh interpreter that does not run the parent's main script, which trains."""

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
_MOST = 8  # most pools; the oldest one is closed for a new one
_STARTING = Lock()
_CACHE = Lock()
_POOLS: dict["Workers", ProcessPool] = {}
os.register_at_fork(after_in_child=_POOLS.clear)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """Processes that run functions under a hard time limit.

    Equal values share their processes, which start with the first call, start again after `close`,
    and end with the interpreter. Any number of threads may call at the same time.
    """

    count: int = 2
    memory: int = 2 << 30  # address space per process, bytes; limited on Linux only
    modules: tuple[str, ...] = ()  # imported before any time limit runs
    scripts: tuple[tuple[str, str], ...] = ()  # (path, source), executed before any time limit runs
    limit_s: float = field(default=5.0, compare=False)

    def call(self, function: Callable[..., T], *arguments: object) -> T:
        """`function(*arguments)` in a worker; both must be picklable.

        Raises what the function raises, `TimeoutError` if its process was killed at the limit, and
        `Died` if the process ended by itself. The next call gets a new process.
        """
        try:
            answer = self._schedule(pickle.dumps((function, arguments))).result()
        except TimeoutError:
            name = getattr(function, "__name__", repr(function))
            raise TimeoutError(f"{name} was killed after {self.limit_s:g} s") from None
        except (ProcessExpired, RuntimeError) as death:
            raise Died(f"a worker process died: {death}") from death
        outcome: CallResult = pickle.loads(answer)
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    def close(self) -> None:
        """End the processes after their present calls."""
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
        """Schedule under the lock, so that no other thread closes the pool in between."""
        with _CACHE:
            pool = self._pool()
            return pool.schedule(perform, args=(job, self.limit_s), timeout=self.limit_s)

    def _pool(self) -> ProcessPool:
        """The shared pool. A pool that has lost an idle process is broken, and is replaced."""
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
    """End a pool's processes after their present calls."""
    pool.close()
    pool.join()


@atexit.register
def _close_all() -> None:
    """Stop all processes at once; no caller waits any more."""
    while _POOLS:
        pool = _POOLS.popitem()[1]
        pool.stop()
        pool.join()

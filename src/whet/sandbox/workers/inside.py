"""What runs in a worker process: no torch, and nothing that leads to it."""

import logging
import os
import pickle
import resource
import signal
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from traceback import format_exception
from types import ModuleType, TracebackType
from typing import Any


class Failed(RuntimeError):
    """An error that can't travel as itself: the type is not known here, or it doesn't pickle."""


@dataclass
class Outcome:
    """What became of a call: a value, or the error to raise again where the call came from."""

    value: Any = None
    error: BaseException | None = None

    def __enter__(self) -> "Outcome":
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.error = error
        return error is not None


def prepare(memory: int, modules: tuple[str, ...], scripts: tuple[tuple[str, str], ...]) -> None:
    """Make this process a worker, before any clock runs against it.

    Printing goes to stderr, arithmetic to one thread, SIGTERM kills even what is deep in C.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.dup2(2, 1)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    logging.getLogger("math_verify").setLevel(logging.ERROR)  # it warns of the limits we took over
    if sys.platform == "linux":  # elsewhere the address space can't be limited
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    for name in modules:
        with Outcome():  # who calls into what doesn't load will hear why
            import_module(name)
    for path, source in scripts:
        with Outcome():
            script(path, source)


def perform(job: bytes, limit_s: float) -> bytes:
    """Call a pickled (function, arguments); the pickled outcome, whatever it was.

    The parent kills what passes the limit; the alarm is for those whose parent is no more.
    """
    signal.setitimer(signal.ITIMER_REAL, 2 * limit_s + 1)
    answer = b""
    with Outcome() as outcome:
        function, arguments = pickle.loads(job)
        answer = pickle.dumps(Outcome(value=function(*arguments)))
    signal.setitimer(signal.ITIMER_REAL, 0)
    if outcome.error is None:
        return answer
    return pickle.dumps(Outcome(error=_portable(outcome.error)))


def _portable(error: BaseException) -> BaseException:
    """The error itself where the caller can surely read it, else its name and message.

    What isn't an `Exception` stays here too: `sys.exit` in a script must not end the run.
    """
    story = "".join(format_exception(error))
    known = type(error).__module__.partition(".")[0] in ("builtins", "whet")
    with Outcome() as trip:
        pickle.loads(pickle.dumps(error))
    if not known or not isinstance(error, Exception) or trip.error is not None:
        error = Failed(f"{type(error).__name__}: {error}")
    error.add_note(f"in a worker process:\n{story}")
    return error


@lru_cache(maxsize=64)
def script(path: str, source: str) -> ModuleType:
    """A user's file as a module, executed once; its neighbours can be imported from it."""
    sys.path.insert(0, str(Path(path).parent))
    made = ModuleType(f"whet_script_{Path(path).stem}")
    made.__file__ = path
    sys.modules[made.__name__] = made
    exec(compile(source, path, "exec"), vars(made))
    return made

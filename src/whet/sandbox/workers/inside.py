"""The code of a worker process. It imports no torch."""

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
    """An error in place of one that cannot be pickled, or that has a type unknown to the parent."""


@dataclass
class CallResult:
    """The result of a call: a value, or the error to raise in the parent."""

    value: Any = None
    error: BaseException | None = None

    def __enter__(self) -> "CallResult":
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.error = error
        return error is not None


def prepare(memory: int, modules: tuple[str, ...], scripts: tuple[tuple[str, str], ...]) -> None:
    """Set up this worker process, before any time limit runs.

    Printing goes to stderr, arithmetic uses one thread, and SIGTERM kills the process even inside C
    code.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.dup2(2, 1)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    logging.getLogger("math_verify").setLevel(
        logging.ERROR
    )  # it warns about time limits, which the pool sets
    if sys.platform == "linux":  # elsewhere the address space can't be limited
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    for name in modules:
        with CallResult():  # a call that needs the module will raise the error
            import_module(name)
    for path, source in scripts:
        with CallResult():
            script(path, source)


def perform(job: bytes, limit_s: float) -> bytes:
    """Call a pickled (function, arguments); returns the pickled outcome.

    The parent kills a call that passes the limit. The alarm is for workers that have lost their
    parent.
    """
    signal.setitimer(signal.ITIMER_REAL, 2 * limit_s + 1)
    answer = b""
    with CallResult() as outcome:
        function, arguments = pickle.loads(job)
        answer = pickle.dumps(CallResult(value=function(*arguments)))
    signal.setitimer(signal.ITIMER_REAL, 0)
    if outcome.error is None:
        return answer
    return pickle.dumps(CallResult(error=_portable(outcome.error)))


def _portable(error: BaseException) -> BaseException:
    """The error itself if the parent can unpickle it, else a `Failed` with its name and message.

    An error that is not an `Exception` is replaced too: `sys.exit` in a script must not end the
    run.
    """
    story = "".join(format_exception(error))
    known = type(error).__module__.partition(".")[0] in ("builtins", "whet")
    with CallResult() as trip:
        pickle.loads(pickle.dumps(error))
    if not known or not isinstance(error, Exception) or trip.error is not None:
        error = Failed(f"{type(error).__name__}: {error}")
    error.add_note(f"in a worker process:\n{story}")
    return error


@lru_cache(maxsize=64)
def script(path: str, source: str) -> ModuleType:
    """A user's file as a module, executed once; it can import modules from its folder."""
    sys.path.insert(0, str(Path(path).parent))
    made = ModuleType(f"whet_script_{Path(path).stem}")
    made.__file__ = path
    sys.modules[made.__name__] = made
    exec(compile(source, path, "exec"), vars(made))
    return made

"""The parent's side of one worker process."""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from time import monotonic
from typing import Any
from weakref import WeakSet

from whet.types import Fault, UsageError

_WORKER = Path(__file__).parent.parent / "drivers" / "worker.py"
_POLITE_S = 2.0  # for foreign objects to be closed at the end
_SHOWN = 300  # characters of what a process printed before it died
_CHUNK = 1 << 16
_RUNNING: "WeakSet[WorkerProcess]" = WeakSet()
os.register_at_fork(after_in_child=_RUNNING.clear)


class WorkerProcess:
    """A fresh interpreter that calls foreign objects, one call at a time.

    It ends with `end`, with this process, or when this process is killed.  Programs that it
    starts end with it, unless they leave its process group.  Hashes of texts are the same in every
    process.  What it prints is dropped, except for its end where the process dies.
    """

    def __init__(self) -> None:
        self.lock = Lock()  # of a call
        self.alive = True
        self._printed = TemporaryFile()  # noqa: SIM115 (it lives as long as the process)
        self._rest = b""
        self._popen = subprocess.Popen(
            [sys.executable, "-P", str(_WORKER), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
            env={**os.environ, "PYTHONHASHSEED": "0"},
            start_new_session=True,
        )
        assert self._popen.stdin is not None and self._popen.stdout is not None
        self._requests, self._answers = self._popen.stdin, self._popen.stdout
        _RUNNING.add(self)
        self._send([path or os.getcwd() for path in sys.path])

    def ask(self, request: Mapping[str, Any], seconds: float, what: str) -> Any:
        """The answer to a request; `what` names it in messages.

        Raises `Fault` for an exception of the foreign object, for an answer that takes longer than
        `seconds`, and for a process that dies.  In the last two cases the process is ended.  Raises
        `UsageError` for what the user has to change.
        """
        with self.lock:
            if not self.alive:
                raise Fault(f"{what}: its worker process was ended by a fault of another episode")
            self._send({**request, "alarm": 2 * seconds + 1})
            line = self._line(monotonic() + seconds)
            if line is None:
                self._ended()
                raise Fault(f"{what} took longer than {seconds:g} s; its worker was killed")
            if not line:
                words = self._ended()
                printed = f": {words}" if words else ""
                status = self._popen.returncode
                raise Fault(f"{what}: the worker process died (exit status {status}){printed}")
        return _value(json.loads(line), what)

    def end(self) -> None:
        """Let the foreign objects be closed, and end the process."""
        if self.alive:
            with suppress(BrokenPipeError):
                self._requests.close()
            limit = monotonic() + _POLITE_S
            while self._line(limit):
                pass
            self._ended()

    def _ended(self) -> str:
        """End the process and its group at once; returns the last line that it printed."""
        self.alive = False
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        for pipe in (self._requests, self._answers):
            with suppress(BrokenPipeError):
                pipe.close()
        _RUNNING.discard(self)
        with self._printed:
            self._printed.seek(0)
            lines = self._printed.read().decode(errors="replace").strip().splitlines()
        return lines[-1].strip()[-_SHOWN:] if lines else ""

    def _send(self, request: Any) -> None:
        with suppress(BrokenPipeError):  # it has died, which the missing answer tells
            self._requests.write(f"{json.dumps(request)}\n".encode())
            self._requests.flush()

    def _line(self, limit: float) -> bytes | None:
        """The next line; empty at the end of the pipe, None where it does not come in time."""
        while b"\n" not in self._rest:
            left = limit - monotonic()
            if left <= 0 or not select.select([self._answers], [], [], left)[0]:
                return None
            chunk = os.read(self._answers.fileno(), _CHUNK)
            if not chunk:
                return b""
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line


def _value(answer: Mapping[str, Any], what: str) -> Any:
    if "error" not in answer:
        return answer["value"]
    error = answer["error"]
    if error["misuse"]:
        raise UsageError(error["message"])
    where = f" ({error['where']})" if error["where"] else ""
    raise Fault(f"{what} raised {error['kind']}: {error['message'] or 'no message'}{where}")


@atexit.register
def _end_all() -> None:
    for process in list(_RUNNING):
        process.end()

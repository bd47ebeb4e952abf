"""SIGINT, SIGTERM, SIGHUP and SIGUSR1: after the first one the step still ends and is saved.

SLURM sends SIGUSR1 before the end of a job that asks for it (`sbatch --signal=B:USR1@120`).
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import current_thread, main_thread
from typing import Any, TextIO

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
_BY_SIGNAL = 128  # plus the signal: the exit code of a process that a signal ended


@dataclass(slots=True)
class Stop:
    """The signal that asked a run to stop, if any.  A second signal ends the run at once."""

    signal: int = 0  # 0: none
    _before: dict[int, Any] = field(default_factory=dict)
    _terminals: list[TextIO] = field(default_factory=list)

    def __call__(self) -> bool:
        return bool(self.signal)

    @property
    def exit_code(self) -> int:
        """130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP, 138 for SIGUSR1."""
        return _BY_SIGNAL + (self.signal or signal.SIGINT)

    def listen(self) -> None:
        """Handle the signals, except a SIGHUP that is ignored already (`nohup`)."""
        self._terminals = [s for s in (sys.stdout, sys.stderr) if s is not None and s.isatty()]
        for number in SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note)

    def release(self) -> None:
        """Restore the previous handlers of the signals."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _note(self, number: int, frame: object) -> None:
        del frame
        self.signal = number
        self.release()
        if number == signal.SIGHUP:
            _hush(self._terminals)
        with suppress(OSError, RuntimeError):  # the main thread may be writing at this moment
            sys.stderr.write("\nwhet: stopping after this step (again: at once)\n")


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Let signals stop the work inside the block; only the main thread receives signals."""
    stop = Stop()
    if current_thread() is not main_thread():
        yield stop
        return
    stop.listen()
    try:
        yield stop
    finally:
        stop.release()


def _hush(terminals: list[TextIO]) -> None:
    """Drop all output after the terminal has closed, since writing would fail."""
    for stream in terminals:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

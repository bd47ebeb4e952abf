"""SIGINT, SIGTERM and SIGHUP: the first one lets the step end and saves it."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import current_thread, main_thread
from typing import Any, TextIO

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_BY_SIGNAL = 128  # the exit code of a process that a signal ends, by the shell's rule


@dataclass(slots=True)
class Stop:
    """Was a run asked to stop, and by which signal?  The second signal ends it at once."""

    signal: int = 0  # 0: it was not
    _before: dict[int, Any] = field(default_factory=dict)
    _terminals: list[TextIO] = field(default_factory=list)

    def __call__(self) -> bool:
        return bool(self.signal)

    @property
    def exit_code(self) -> int:
        """130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP."""
        return _BY_SIGNAL + (self.signal or signal.SIGINT)

    def listen(self) -> None:
        """Take the signals, but for a hang-up that is ignored already (`nohup`)."""
        self._terminals = [s for s in (sys.stdout, sys.stderr) if s is not None and s.isatty()]
        for number in SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note)

    def release(self) -> None:
        """Give the signals back."""
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
    """Signals stop the work inside; only the main thread gets any."""
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
    """The terminal has gone: what would be written to it, and fail, is dropped."""
    for stream in terminals:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

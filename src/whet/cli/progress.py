"""A progress bar for work that can be stopped: after Ctrl-C the calls in progress still end."""

import signal
import sys
from dataclasses import dataclass, field
from threading import current_thread, main_thread
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


@dataclass(slots=True)
class ProgressBar:
    """A progress bar on stderr, for one phase at a time; shown on a terminal only."""

    _progress: Progress = field(init=False)
    _task: Any = None
    _asked: bool = False
    _before: Any = None

    def __post_init__(self) -> None:
        """One line at the bottom."""
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )

    def __enter__(self) -> "ProgressBar":
        if current_thread() is main_thread():
            self._before = signal.signal(signal.SIGINT, self._note)
        self._progress.start()
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def begin(self, phase: str, total: int) -> None:
        """Begin a phase of `total` replies."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(phase, total=total)

    def tick(self, count: int) -> None:
        """Advance the bar by `count` replies."""
        self._progress.update(self._task, advance=count)

    def stopped(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self._asked

    def _note(self, number: int, frame: object) -> None:
        del number, frame
        self._asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print(
            "\nwhet: stopping after the calls in progress (Ctrl-C again: at once)", file=sys.stderr
        )

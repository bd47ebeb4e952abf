"""The report of a run during training: written at the start, at intervals, and at the end."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from whet.training.events import Evaluated, Event
from whet.training.loop import TrainStep
from whet.training.warmup import SFTStep
from whet.types import UsageError
from whet.view import report

REFRESH = 15
"""Seconds between reloads of the page in a browser, during the run."""


@dataclass(slots=True)
class LiveReport:
    """Keeps `report.html` up to date during a run; the last page does not reload itself.

        with LiveReport(folder) as live:
            async for event in fit(run, folder):
                live.note(event)

    Pages are `seconds` apart or `times` as long as the last one took to write, whichever is longer,
    so that at most 1/`times` of a run goes into them.  However the block is left, by an error or by
    Ctrl-C too, a page of all that is in the ledger is written.
    """

    folder: Path
    seconds: float = float(REFRESH)
    times: float = 50.0
    now: Callable[[], float] = time.monotonic
    _due: float = 0.0

    def __enter__(self) -> "LiveReport":
        self._write()
        return self

    def note(self, event: Event) -> None:
        """Write a page after a new row in the ledger, if one is due."""
        if isinstance(event, SFTStep | TrainStep | Evaluated) and self.now() >= self._due:
            self._write()

    def _write(self) -> None:
        start = self.now()
        report.write(self.folder, refresh=REFRESH)
        end = self.now()
        self._due = end + max(self.seconds, self.times * (end - start))

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(*([UsageError] if error else [])):  # the error that ends the run is told
            report.write(self.folder)

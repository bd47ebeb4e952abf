"""Running a run: its folder, its events on the screen, Ctrl-C, and the last words."""

import asyncio
import resource
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from whet.cli.console import Screen
from whet.training import card
from whet.training.ledger import Ledger
from whet.training.run import Run
from whet.training.run_name import checked
from whet.training.trainer import fit
from whet.types import UsageError
from whet.view.live import LiveReport
from whet.view.report import REPORT

STOPPED = 130


def fresh_folder(runs: str, name: str) -> Path:
    """A new folder for a run.  Raises `UsageError` where it exists or can't be made."""
    folder = Path(runs) / checked(name)
    if (folder / card.CARD).exists():
        raise UsageError(
            f"run {str(folder)!r} exists; choose another --name, or: whet resume {folder}"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UsageError(
            f"run folder {str(folder)!r} can't be written: {error.strerror}"
        ) from error
    return folder


def standing(folder: Path) -> frozenset[Path]:
    """What there is already of a folder, above it and in it."""
    return frozenset(p for p in (*folder.parents, folder, *folder.rglob("*")) if p.exists())


@contextmanager
def undone_if_refused(folder: Path, before: Collection[Path]) -> Iterator[None]:
    """A run that is refused before its first step leaves nothing behind, and its name free."""
    try:
        yield
    except UsageError:
        if not _begun(folder):
            _remove_new(folder, before)
        raise


def _begun(folder: Path) -> bool:
    """Has it taken a step, of a warm-up or with rewards?"""
    return any(row["kind"] in {"sft", "step"} for row in Ledger(folder).rows())


def _remove_new(folder: Path, before: Collection[Path]) -> None:
    """What was not there before, the deepest first, and the folders above that it alone is in."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path not in before:
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    for path in (folder, *folder.parents):
        if path in before or not path.exists():
            return
        path.rmdir()


def execute(run: Run, folder: Path) -> int:
    """Do what is left of a run, and say how it went; the exit code."""
    screen, start = Screen(), time.perf_counter()

    async def follow(live: LiveReport, stop: Callable[[], bool]) -> None:
        async for event in fit(run, folder, stop):
            screen.show(event)
            live.note(event)

    with _stopping() as stop, LiveReport(folder) as live, screen.progress:
        asyncio.run(follow(live, stop))
    screen.compare()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    say = screen.console.print
    if screen.end is None or not screen.end.complete:
        say(f"\nstopped; go on with: whet resume {folder}")
        return STOPPED
    say(f"\nweights {screen.end.digest}, {time.perf_counter() - start:.0f} s, {peak:.2f} GiB")
    say(f"report  {folder / REPORT}")
    return 0


@contextmanager
def _stopping() -> Iterator[Callable[[], bool]]:
    """The first Ctrl-C or SIGTERM lets the step end and saves it; the second one interrupts."""
    asked = False
    signals = (signal.SIGINT, signal.SIGTERM)

    def note(number: int, frame: object) -> None:
        nonlocal asked
        del number, frame
        asked = True
        for each in signals:
            signal.signal(each, signal.default_int_handler)
        print("\nwhet: stopping after this step (again: at once)", file=sys.stderr)

    before = [(each, signal.signal(each, note)) for each in signals]
    try:
        yield lambda: asked
    finally:
        for each, handler in before:
            signal.signal(each, handler)

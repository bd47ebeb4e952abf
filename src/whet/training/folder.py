"""A run's folder, from the first card to the newest checkpoint."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet.invoked import command, shown
from whet.training import card
from whet.training.checkpoint import Checkpoints
from whet.training.ledger import Ledger
from whet.training.run import Run
from whet.training.trainer import CHECKPOINTS
from whet.types import Refusal


@dataclass(slots=True)
class Fresh:
    """A new run folder; it goes again with the first exception, unless it is kept before."""

    path: Path
    kept: bool = False

    def keep(self) -> None:
        """From now on it holds something."""
        self.kept = True


@contextmanager
def fresh_folder(folder: Path) -> Iterator[Fresh]:
    """Make a run's folder.  Nothing is left of it where the start fails before `keep`.

    Raises `Refusal` where it holds a run already, or can't be written.
    """
    if card.exists(folder):
        resume = command("resume", shown(folder))
        raise Refusal(f"run {str(folder)!r} exists; choose another --name, or: {resume}")
    before = set(folder.iterdir()) if folder.is_dir() else None
    first = _first_missing(folder)
    fresh = Fresh(folder)
    try:
        _make(folder)
        yield fresh
    except BaseException:
        if not fresh.kept:
            _remove(folder, before, first)
        raise


@dataclass(frozen=True, slots=True)
class RunFolder:
    """What the folder of a run says of it."""

    path: Path
    run: Run

    @property
    def checkpoints(self) -> Checkpoints:
        """All of them."""
        return Checkpoints(self.path / CHECKPOINTS, len(self.run.warmup), self.run.saving.keep)

    @property
    def newest(self) -> Path | None:
        """The newest checkpoint that is as it was written, an ordinary Hugging Face folder.

        Raises `Broken` where there are some, and all have changed.
        """
        place = self.checkpoints.latest()
        return None if place is None else self.checkpoints.path(place)

    @property
    def done(self) -> int:
        """Steps with rewards that a new process need not take again."""
        place = self.checkpoints.latest()
        return place.progress.done if place and place.phase == len(self.run.warmup) else 0

    @property
    def complete(self) -> bool:
        """Were all steps taken, and was the end measured?"""
        place = self.checkpoints.latest()
        end = (len(self.run.warmup), self.run.steps)
        return place is not None and place.at == end and bool(self.measured("final"))

    @property
    def digest(self) -> str:
        """Of the weights at the end, once they were measured; empty: not yet."""
        return self.measured("final").get("digest", "")

    def measured(self, name: str) -> Mapping[str, Any]:
        """The newest row of the ledger of one kind, `base` or `final`; empty: none."""
        rows = [row for row in Ledger(self.path).rows() if row["kind"] == name]
        return rows[-1] if rows else {}


def _first_missing(folder: Path) -> Path | None:
    """The outermost directory that has to be made."""
    missing = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
    return missing[-1] if missing else None


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise Refusal(f"run folder {str(folder)!r} can't be written: {error.strerror}") from error


def _remove(folder: Path, before: set[Path] | None, first: Path | None) -> None:
    """What was made; directories above that others have used meanwhile stay."""
    if before is None:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        for path in set(folder.iterdir()) - before:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    above = folder.parent
    while first is not None and above.is_relative_to(first):
        try:
            above.rmdir()
        except OSError:
            return
        above = above.parent

"""A run's folder, from the first card to the newest checkpoint."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet.durable import StorageError
from whet.invoked import command, shown
from whet.training import card
from whet.training.checkpoint import Checkpoints
from whet.training.ledger import METRICS, Ledger
from whet.training.lock import LOCK, owned
from whet.training.run import Run
from whet.training.standing import SAVED
from whet.training.trainer import CHECKPOINTS
from whet.types import UsageError

Row = Mapping[str, Any]


@dataclass(slots=True)
class FreshFolder:
    """A new run folder.  An exception before `keep` deletes it again."""

    path: Path
    kept: bool = False

    def keep(self) -> None:
        """Keep the folder from now on, even if the start fails later."""
        self.kept = True


@contextmanager
def fresh_folder(folder: Path) -> Iterator[FreshFolder]:
    """Make a run's folder, and own it.  If the start fails before `keep`, the folder is deleted.

    Raises `UsageError` if it holds a run already, is owned by another process, or can't be written.
    """
    before, first = _claim(folder)
    fresh = FreshFolder(folder)
    with ExitStack() as stack:
        try:
            _probe(folder)
            stack.enter_context(owned(folder))
        except StorageError:
            _remove(folder, before, first)
            raise
        _insist_new(folder)  # from here on nothing of another process can be deleted
        try:
            yield fresh
        except BaseException:
            if not fresh.kept:
                _remove(folder, before, first)
            raise


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """The progress of a run, read from its folder."""

    newest: Path | None  # newest unchanged checkpoint, a Hugging Face folder
    passed: tuple[str, ...]  # why later checkpoints were passed over
    done: int  # finished steps with rewards, up to the checkpoint
    digest: (
        str  # of the final weights, after their evaluation; empty: not finished, or not its rows
    )
    base: Row  # the ledger's row of the evaluation before the first reward; empty: not yet
    final: Row  # of the one after the last step

    @classmethod
    def of(cls, folder: Path, run: Run) -> "RunProgress":
        """Read it; the files of the newest checkpoint are hashed once.

        Raises `IntegrityError` where there are checkpoints, and all have changed.
        """
        checkpoints = Checkpoints(folder / CHECKPOINTS, len(run.warmup), run.checkpoints.keep)
        stands, ledger = checkpoints.newest(), Ledger(folder)
        place = stands.place
        rows, at = list(ledger.rows()), None if place is None else place.at
        final = _newest((r for r in rows if (r["phase"], r["step"]) == at), "final")
        end = place is not None and place.at == (len(run.warmup), run.steps)
        own = place is not None and not ledger.differs(checkpoints.path(place))
        own = own and not ledger.is_broken()
        warm = place is None or place.phase < len(run.warmup)
        return cls(
            newest=None if place is None else checkpoints.path(place),
            passed=stands.passed,
            done=0 if place is None or warm else place.progress.done,
            digest=final.get("digest", "") if end and own else "",
            base=_newest(rows, "base"),
            final=final,
        )


def _newest(rows: Iterable[Row], kind: str) -> Row:
    return next((row for row in reversed([*rows]) if row["kind"] == kind), {})


def _first_missing(folder: Path) -> Path | None:
    """The outermost directory that does not exist yet."""
    missing = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
    return missing[-1] if missing else None


def _claim(folder: Path) -> tuple[set[Path] | None, Path | None]:
    """Make the folder; the result is what it held before, and the outermost new directory.

    A folder that another process makes at the same time is refused, and left alone.
    """
    first = None
    try:
        _insist_new(folder)
        before = set(folder.iterdir()) if folder.is_dir() else None
        first = _first_missing(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(exist_ok=before is not None)
    except UsageError:
        raise
    except (OSError, ValueError) as error:
        _remove_above(folder, first)
        raise _unwritable(folder, error) from error
    return before, first


def _insist_new(folder: Path) -> None:
    if card.exists(folder):
        resume = command("resume", shown(folder))
        raise UsageError(f"run {str(folder)!r} exists; choose another --name, or: {resume}")
    for part in (CHECKPOINTS, METRICS, SAVED):
        if os.path.lexists(folder / part):
            raise UsageError(
                f"{str(folder)!r} has the {part} of a run, but no {card.CARD}; restore it, or "
                "choose another --name"
            )


def _probe(folder: Path) -> None:
    try:
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: Exception) -> StorageError:
    why = getattr(error, "strerror", None) or error
    return StorageError(
        f"run folder {str(folder)!r} can't be written: {why}; choose another --name or --runs"
    )


def _remove(folder: Path, before: set[Path] | None, first: Path | None) -> None:
    """Delete the folder, and those new directories above it that are empty."""
    if before is None:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        for path in set(folder.iterdir()) - before - {folder / LOCK}:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    _remove_above(folder, first)


def _remove_above(folder: Path, first: Path | None) -> None:
    above = folder.parent
    while first is not None and above.is_relative_to(first):
        with suppress(OSError):  # not empty, or `new/..`, with `new` above it
            above.rmdir()
        above = above.parent

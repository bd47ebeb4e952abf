"""Going back to an earlier checkpoint: what is later in a run's folder is moved into a folder."""

import json
import os
import shutil
from collections.abc import Collection
from pathlib import Path

from whet import durable
from whet.training.best import Best
from whet.training.checkpoint import Checkpoints
from whet.training.ledger import EVALUATIONS, METRICS, ROLLOUTS, Ledger, name_of
from whet.training.standing import ROWS, note_saved
from whet.types import UsageError

ASIDE = "aside"
"""In a run folder: a folder for each time that the run went back, named by its number."""


def set_aside(
    checkpoints: Checkpoints,
    ledger: Ledger,
    name: str,
    best: str = "",
    accept: Collection[str] = (),
) -> Path | None:
    """Move checkpoints, rows, rollouts and samples later than a checkpoint out of the way.

    The result is the folder that they are in; None if there was nothing later.  A kill in the
    middle leaves a run that goes on from another checkpoint, or from this one by the same call;
    until the rows are cut, all that they tell of is where it was.

    Raises `UsageError` for a checkpoint that is not there or has changed, and for rows that are not
    those that it was written after, unless "metrics" is in `accept`.
    """
    place = checkpoints.find(name)
    if ROWS not in accept and (why := ledger.differs(checkpoints.path(place))):
        raise UsageError(f"{why}; restore it, or go on without what is lost by --accept {ROWS}")
    later = checkpoints.after(place)
    rows = [row for row in ledger.rows() if (row["phase"], row["step"]) > place.at]
    if not later and not rows:
        return None
    whole = ledger.folder
    names = [f"{ROLLOUTS}/{name_of(row)}.parquet" for row in rows]
    names += [f"{EVALUATIONS}/{name_of(row)}.jsonl" for row in rows]
    with durable.writing(whole / ASIDE):
        aside = _next(whole / ASIDE)
        for part in (aside, *(aside / n for n in (ROLLOUTS, EVALUATIONS, checkpoints.folder.name))):
            part.mkdir(parents=True)
        lines = "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows)
        durable.write(aside / METRICS, lines.encode())
        for path in names:
            _copy(whole / path, aside / path)
        for folder in reversed(later):
            folder.rename(aside / checkpoints.folder.name / folder.name)
    kept = [row for row in ledger.rows() if (row["phase"], row["step"]) <= place.at]
    note_saved(whole, name, Best.of(best, kept, checkpoints.names()))
    ledger.rewind(place.at)
    with durable.writing(whole):
        for path in names:
            durable.remove(whole / path)
    return aside


def _next(folder: Path) -> Path:
    """The folder of the next number; a person may have deleted earlier ones."""
    known = [int(p.name) for p in folder.iterdir() if p.name.isdecimal()] if folder.is_dir() else []
    return folder / str(1 + max(known, default=0))


def _copy(path: Path, target: Path) -> None:
    """Give a file a second name; files here are replaced, and never changed."""
    if not path.is_file() or target.exists():
        return
    try:
        os.link(path, target)
    except OSError:  # a disk without links
        shutil.copy2(path, target)

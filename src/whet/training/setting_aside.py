"""Going back to an earlier checkpoint: what is later in a run's folder is moved into a folder."""

import json
from pathlib import Path

from whet import durable
from whet.training.best import Best
from whet.training.checkpoint import Checkpoints
from whet.training.ledger import EVALUATIONS, METRICS, ROLLOUTS, Ledger, name_of
from whet.training.standing import note_saved

ASIDE = "aside"
"""In a run folder: a folder for each time that the run went back, named by its number."""


def set_aside(checkpoints: Checkpoints, ledger: Ledger, name: str, best: str = "") -> Path | None:
    """Move checkpoints, rows, rollouts and samples later than a checkpoint out of the way.

    The result is the folder that they are in; None if there was nothing later.  A kill in the
    middle leaves a run that goes on from another checkpoint, or from this one by the same call.

    Raises `UsageError` for a checkpoint that is not there or has changed.
    """
    place = checkpoints.find(name)
    later = checkpoints.after(place)
    rows = [row for row in ledger.rows() if (row["phase"], row["step"]) > place.at]
    if not later and not rows:
        return None
    whole = ledger.folder
    with durable.writing(whole / ASIDE):
        (whole / ASIDE).mkdir(exist_ok=True)
        aside = whole / ASIDE / str(1 + len([*(whole / ASIDE).iterdir()]))
        for part in (aside, *(aside / n for n in (ROLLOUTS, EVALUATIONS, checkpoints.folder.name))):
            part.mkdir()
        lines = "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows)
        durable.write(aside / METRICS, lines.encode())
        for row in rows:
            _move(whole, aside, f"{ROLLOUTS}/{name_of(row)}.parquet")
            _move(whole, aside, f"{EVALUATIONS}/{name_of(row)}.jsonl")
        for folder in reversed(later):
            folder.rename(aside / checkpoints.folder.name / folder.name)
    kept = [row for row in ledger.rows() if (row["phase"], row["step"]) <= place.at]
    note_saved(whole, name, Best.of(best, kept))
    ledger.rewind(place.at)
    return aside


def _move(whole: Path, aside: Path, name: str) -> None:
    if (whole / name).is_file():
        (whole / name).rename(aside / name)

"""Where a run goes on from: its newest checkpoint that fits its ledger, and what is missing."""

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from whet import durable
from whet.training.best import Best
from whet.training.checkpoint import Checkpoints, Newest, order
from whet.training.ledger import EVALUATIONS, METRICS, ROLLOUTS, Ledger
from whet.types import IntegrityError, UsageError

SAVED = "saved.json"
"""In a run folder: the names of the newest checkpoint and of the best one."""

ROWS = "metrics"
"""What `--accept` calls the rows of the ledger."""


def note_saved(folder: Path, newest: str, best: Best) -> None:
    """Write which checkpoints are the newest and the best, beside them."""
    found = {"best": best.name, "metric": best.metric, "value": best.value} if best.name else {}
    durable.write(folder / SAVED, f"{json.dumps({'newest': newest, **found})}\n".encode())


def saved(folder: Path) -> Mapping[str, Any]:
    """What `note_saved` wrote; empty for a run of an earlier version, and if it is damaged."""
    try:
        held = json.loads((folder / SAVED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def standing(checkpoints: Checkpoints, ledger: Ledger, accept: Collection[str] = ()) -> Newest:
    """The newest checkpoint that a run can go on from.

    The rows of the ledger have to be those that it was written after; `accept` may say "metrics".
    Raises `UsageError` if rows or checkpoints of the run are gone, and `IntegrityError` if all
    checkpoints have changed.
    """
    known = str(saved(ledger.folder).get("newest", ""))
    if not checkpoints.names():
        _insist_on_none(checkpoints, ledger, known)
        return Newest(place=None)
    differing: list[str] = []

    def odd(folder: Path) -> str:
        why = "" if ROWS in accept else ledger.differs(folder)
        differing.extend(filter(None, [why]))
        return why and f"{folder.name} is later than the ledger, for {why}"

    try:
        found = checkpoints.newest(odd)
    except IntegrityError:
        if not differing:
            raise
        raise UsageError(
            f"{differing[0]}; restore it, or go on without what is lost by --accept {ROWS}"
        ) from None
    assert found.place is not None
    name = checkpoints.path(found.place).name
    lost = order(known) > order(name) and known not in checkpoints.names()
    gone = (f"{checkpoints.folder / known} is missing",) if lost else ()
    return Newest(place=found.place, passed=(*gone, *found.passed))


def notices(checkpoints: Checkpoints, ledger: Ledger, newest: Newest) -> Iterator[str]:
    """What is odd about a run's folder, and what the run does about it; one sentence each."""
    if newest.place is not None:
        name = checkpoints.path(newest.place).name
        if newest.passed:
            yield f"going on from {name}, because {'; '.join(newest.passed)}"
        if count := ledger.strays(newest.place.at, checkpoints.folder / name):
            yield (
                f"{count} rows of {METRICS} came after those of {name}, and are of steps before it;"
                " they are deleted"
            )
    best = str(saved(ledger.folder).get("best", ""))
    if best and best not in checkpoints.names():
        yield f"{best}, the best so far, is missing; the best of those that are there is kept"
    if lost := ledger.lost_files():
        yield (
            f"{len(lost)} files of rollouts and samples are missing, damaged or of another step, "
            f"the first {lost[0]}"
        )


def clean(folder: Path) -> None:
    """Delete the half-written files that a kill left in a run folder."""
    with durable.writing(folder):
        for place in (folder, folder / ROLLOUTS, folder / EVALUATIONS):
            for path in place.glob(f"*{durable.PARTIAL}"):
                durable.remove(path)


def _insist_on_none(checkpoints: Checkpoints, ledger: Ledger, known: str) -> None:
    """Raise `UsageError` if a run without checkpoints had some."""
    if not known:
        later = (row for row in ledger.rows() if row["kind"] == "step" or row["phase"])
        row = next(later, None)
        known = "" if row is None else f"one before {row['kind']} {row['step']}"
    if known:
        raise UsageError(
            f"{str(checkpoints.folder)!r} has no checkpoint, but {known} was written, as "
            f"{SAVED} or {METRICS} says; restore it, or train in another folder"
        )

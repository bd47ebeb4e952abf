"""Rollouts read back from the ledger of a run."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from whet.scripts import reason
from whet.training.as_json import from_json
from whet.training.ledger import ROLLOUTS
from whet.types import (
    Act,
    Decoding,
    Finish,
    Reason,
    Rollout,
    Span,
    Task,
    UsageError,
    Verdict,
    Version,
)

_NEW = ("acts", "messages", "play_seed", "task")  # columns that older ledgers lack
_ALWAYS = ("id", "step", "task_id", "token_ids", "action_mask", "spans", "reason")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPlay:
    """The rollouts of one play, the one that was asked for first."""

    step: int
    task: Task
    rollouts: tuple[Rollout, ...]


def kept_play(folder: Path, name: str) -> KeptPlay:
    """The play of a rollout in a run's folder, by the rollout's id or its number in the ledger.

    Files are numbered in the order of their names, and the first rollout is number 0.

    Raises `UsageError` for a rollout that is not there, and for one that was written without what
    a replay needs: by an earlier version, or with a task that JSON can't hold. A damaged file
    raises it, too.
    """
    found = _found(folder, name)
    if found is None:
        raise UsageError(
            f"rollout {name!r} is not in {str(folder / ROLLOUTS)!r}; give an id of its files, or a "
            "number"
        )
    rows, own = found
    if missing := [column for column in _NEW if column not in own]:
        raise UsageError(
            f"rollout {name!r} was written without {missing[0]}, by an earlier version; it can't "
            "be played again"
        )
    same = ("step", "task_id", "play_seed")
    play = [row for row in rows if all(row[column] == own[column] for column in same)]
    others = [row for row in play if row["id"] != own["id"]]
    try:
        task = _task(rows, own)
        rollouts = tuple(_rollout(task, row) for row in (own, *others))
    except UsageError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(f"rollout {name!r} in {str(folder / ROLLOUTS)!r}", error) from error
    return KeptPlay(step=own["step"], task=task, rollouts=rollouts)


def _found(folder: Path, name: str) -> tuple[list[Row], Row] | None:
    """All rows of the file that a rollout is in, and its own row."""
    before = 0
    for rows in _files(folder):
        for number, row in enumerate(rows):
            if name in (row["id"], str(before + number)):
                return rows, row
        before += len(rows)
    return None


def _files(folder: Path) -> Iterator[list[Row]]:
    for path in sorted((folder / ROLLOUTS).glob("*.parquet")):
        yield [*rows_of(path)]


def rows_of(path: Path) -> list[dict[str, Any]]:
    """All rollouts of a file, as mappings.  Raises `UsageError` for a damaged file."""
    try:
        rows = parquet.read_table(path, page_checksum_verification=True).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error
    if rows and (missing := [column for column in _ALWAYS if column not in rows[0]]):
        raise _damaged(path, KeyError(missing[0]))
    return rows


def _damaged(place: object, error: Exception) -> UsageError:
    return UsageError(f"{place} is damaged ({reason(error):.120}); restore it")


def _task(rows: list[Row], own: Row) -> Task:
    """The task, which the first row of each group has."""
    held = next((r["task"] for r in rows if r["task_id"] == own["task_id"] and r["task"]), None)
    task = None if held is None else from_json(json.loads(held))
    if not isinstance(task, Task):
        raise UsageError(
            f"task {own['task_id']!r} was not written, because its info is no JSON; it can't be "
            "played again"
        )
    return task


def _rollout(task: Task, row: Row) -> Rollout:
    if row["messages"] is None:
        raise UsageError(
            f"the messages of rollout {row['id']} were not written, because they are no JSON"
        )
    return Rollout(
        task=task,
        seed=row["seed"],
        token_ids=np.array(row["token_ids"], np.int32),
        action_mask=np.array(row["action_mask"], np.bool_),
        behaviour_logp=np.array(row["behaviour_logp"], np.float32),
        spans=tuple(_span(span) for span in row["spans"]),
        acts=tuple(Act(**{**act, "finish": Finish(act["finish"])}) for act in row["acts"]),
        messages=from_json(json.loads(row["messages"])),
        decoding=Decoding(max_episode_tokens=row["max_episode_tokens"]),
        finish=Finish(row["finish"]),
        id=row["id"],
        seat=row["seat"],
        play_seed=row["play_seed"],
        shown=None if row["shown"] is None else from_json(json.loads(row["shown"])),
        parent=row["parent"],
        forked_at=row["forked_at"],
        verdict=_verdict(row),
    )


def _span(held: Row) -> Span:
    known = held["version"] is not None
    return Span(held["tokens"], Version(held["version"], held["digest"]) if known else None)


def _verdict(row: Row) -> Verdict | None:
    """Score, parts, turn rewards, correctness, reason and note; the rest is not kept."""
    if row["reason"] is None:
        return None
    reason, score = Reason(row["reason"]), row["score"]
    known = {} if score is None else {"score": score}
    parts = json.loads(row.get("parts") or "{}")
    return Verdict(
        reason=reason,
        correct=row["correct"],
        note=row["note"],
        parts={name: nan if x is None else x for name, x in parts.items()},
        turn_rewards=tuple(row.get("turn_rewards") or ()),
        **known,
    )

"""Plays of the newest kept step that have more to show than one reply."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyarrow import parquet

from whet.training.ledger import ROLLOUTS
from whet.view.conversation import ONE_TURN, Conversation, of_row
from whet.view.history import Row
from whet.view.visible import visible

_PLACE = ("step", "task_id", "id", "seed", "seat", "parent", "forked_at", "play_seed")
_SAID = ("turns", "messages", "acts", "finish")
_OUTCOME = ("score", "correct", "reason", "note", "parts", "turn_rewards")
_PLAYS, _SEATS = 3, 6  # that are shown, and the rollouts of each
_TITLE = 100  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPlay:
    """The conversations of one play, those of its seats and forks."""

    step: int
    task: str
    conversations: tuple[Conversation, ...]
    left: int  # further rollouts of the play


def newest(folder: Path) -> list[ShownPlay]:
    """The first play of each of the first three groups of the newest step in a run's folder.

    Only groups with a play of several replies, or of several seats, are counted: a run of single
    turns has no plays here.
    """
    files = sorted((folder / ROLLOUTS).glob("step-*.parquet"))
    if not files:
        return []
    held = parquet.ParquetFile(files[-1])
    named = held.schema_arrow.names  # older files lack some
    read = [name for name in (*_PLACE, *_SAID, *_OUTCOME) if name in named]
    groups: dict[str, Sequence[Row]] = {}
    for rows in _plays(held.read(columns=read).to_pylist()):
        if _talks(rows):
            groups.setdefault(rows[0]["task_id"], rows)
    return [_play(rows) for rows in list(groups.values())[:_PLAYS]]


def _plays(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows by play: those of one task with one play seed; a row without one is a play by itself."""
    found: dict[tuple[object, ...], list[Row]] = {}
    for number, row in enumerate(rows):
        seed = row.get("play_seed")
        own = number if seed is None or seed < 0 else -1
        found.setdefault((row["task_id"], seed, own), []).append(row)
    return list(found.values())


def _talks(rows: Sequence[Row]) -> bool:
    seats = {row.get("seat") or "" for row in rows}
    return len(seats) > 1 or any(len(row["turns"]) > ONE_TURN for row in rows)


def _play(rows: Sequence[Row]) -> ShownPlay:
    shown = rows[:_SEATS]
    return ShownPlay(
        step=rows[0]["step"],
        task=visible(rows[0]["task_id"], _TITLE),
        conversations=tuple(map(of_row, shown)),
        left=len(rows) - len(shown),
    )

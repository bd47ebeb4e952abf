"""Labelled replies, for the evaluation of a reward."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet.data.formats import FORMATS, READERS, rows, suffix
from whet.data.row_formats import task_of
from whet.data.synthetic import draw
from whet.types import Task, UsageError

SYNTHETIC = "synthetic"
_WORDS = {"true": True, "false": False}  # in tables that hold only text


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A reply to a task, and whether it is right."""

    task: Task
    reply: str
    correct: bool


def cases(text: str, *, count: int = 2400, seed: int = 0) -> tuple[Case, ...]:
    """The labelled replies of a name or a path.

    `synthetic`: `count` replies that are right or wrong by construction.  A file, such as .jsonl,
    .csv or .parquet: all its rows, {prompt, reply, answer, info?, correct}; replies to one prompt
    with one answer are of one task.
    """
    if text == SYNTHETIC:
        return _drawn(count, seed)
    if not Path(text).is_dir() and (suffix(text) not in READERS or not Path(text).is_file()):
        raise UsageError(
            f"labelled is {text!r}; give {SYNTHETIC}, or a file that ends in {FORMATS}"
        )
    return tuple(_case(row.values, row.place) for row in rows(text))


def _drawn(count: int, seed: int) -> tuple[Case, ...]:
    if count < 1:
        raise UsageError(f"rows is {count}; give 1 or more")
    made = []
    for place in range(count):
        sample = draw(place, seed)
        task = Task(
            id=f"synthetic/{place}",
            prompt=sample.prompt,
            answer=sample.gold,
            info={
                "verifier": "math",
                "kind": sample.kind,
                "said": sample.answer,
                "form": sample.form,
            },
        )
        made.append(Case(task=task, reply=sample.reply, correct=sample.correct))
    return tuple(made)


def _case(row: Mapping[str, Any], place: str) -> Case:
    reply, correct = row.get("reply"), row.get("correct")
    correct = _WORDS.get(correct.lower(), correct) if isinstance(correct, str) else correct
    if not isinstance(reply, str):
        raise UsageError(f"{place}: reply is {reply!r:.40}; give the reply as text")
    if not isinstance(correct, bool):
        raise UsageError(f"{place}: correct is {correct!r:.40}; give true or false")
    kept = {name: value for name, value in row.items() if name not in ("reply", "correct")}
    return Case(task=task_of(kept, place, "", ""), reply=reply, correct=correct)

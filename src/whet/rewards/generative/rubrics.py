"""Criteria of a task, or of a judge for tasks that have none."""

from collections.abc import Mapping
from dataclasses import dataclass
from json import dumps, loads
from math import isfinite
from typing import Any

from whet.types import Task, UsageError

_CATEGORIES = {"essential": 1.0, "important": 0.7, "optional": 0.3, "pitfall": 0.9}


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A property of a reply and its points; negative points are for a property to be avoided.

    With `rule`, the name of a verifiable reward, and its `parameters` as JSON, no model is asked.
    """

    text: str
    points: float = 1.0
    rule: str = ""
    parameters: str = "{}"

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise UsageError("criterion.text is ''; say what the reply should do")
        if not isfinite(self.points):
            raise UsageError(f"criterion.points is {self.points}; give a number")

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of the rule, from `parameters`."""
        return loads(self.parameters)


def criteria(task: Task, key: str, held: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    """The criteria of the task's `info[key]`, or else `held`.

    A row is text, or a mapping with `criterion` and perhaps `points` (or `weight`, or a `category`:
    essential 1, important 0.7, optional 0.3, pitfall 0.9) and `tags: {verifier: rule, function: …,
    parameters: …}`.  Raises `UsageError` where no criterion has points above 0.
    """
    rows = task.info.get(key)
    if not rows:
        found = held
    elif isinstance(rows, str | Mapping):
        raise UsageError(
            f"task {task.id!r} has info[{key!r}] of one {type(rows).__name__}; give a list"
        )
    else:
        found = tuple(_criterion(task, key, row) for row in rows)
    if not any(criterion.points > 0 for criterion in found):
        raise UsageError(
            f"task {task.id!r} has no info[{key!r}] with a criterion of more than 0 points, and "
            f"the judge holds none; give one"
        )
    return found


def _criterion(task: Task, key: str, row: object) -> Criterion:
    where = f"task {task.id!r} has in info[{key!r}]"
    if isinstance(row, str):
        return Criterion(text=row)
    if not isinstance(row, Mapping):
        raise UsageError(f"{where} a {type(row).__name__}; give a text or a mapping")
    tags = row.get("tags") or {}
    rule = str(tags.get("function") or "") if tags.get("verifier") == "rule" else ""
    if tags.get("verifier") == "rule" and not rule:
        raise UsageError(f"{where} a rule without a function; name a verifiable reward")
    return Criterion(
        text=str(row.get("criterion") or row.get("requirement") or rule),
        points=_points(where, row),
        rule=rule,
        parameters=dumps(dict(tags.get("parameters") or {}), sort_keys=True),
    )


def _points(where: str, row: Mapping[str, Any]) -> float:
    category = str(row.get("category") or "").lower()
    if category and category not in _CATEGORIES:
        raise UsageError(f"{where} the category {category!r}; choose from {', '.join(_CATEGORIES)}")
    given = row.get("points", row.get("weight", _CATEGORIES.get(category, 1.0)))
    try:
        return float(given)
    except (TypeError, ValueError):
        raise UsageError(f"{where} points of {given!r}; give a number") from None

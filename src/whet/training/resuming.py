"""Going on with other settings: what may change in a run that has begun, and what may not.

Steps that were taken stay as they are, so a field may change only if no past step used it, or if
it changes no result.
"""

from collections.abc import Mapping
from typing import Any

from whet.training.as_json import to_json
from whet.training.card import Difference, differences
from whet.training.run import Run
from whet.types import UsageError

FREE = ("steps", "limits", "checkpoints", "evaluation", "periodic", "eval_corpus")
"""Fields of a `Run` that may change: how long it goes on, when it stops being believed, when it
saves, and what it measures.
"""


def changed(held: Mapping[str, Any], after: Run) -> list[Difference]:
    """Every field in which a run differs from the run of a card."""
    return differences(held["run"], to_json(after))


def refused(held: Mapping[str, Any], after: Run) -> list[Difference]:
    """The changed fields that would affect finished steps."""
    return [d for d in changed(held, after) if d.field.partition(".")[0] not in FREE]


def check(held: Mapping[str, Any], after: Run, done: int) -> None:
    """Raise `UsageError` if a card's run can't continue as `after`, with `done` steps finished."""
    odd = refused(held, after)
    if odd:
        raise UsageError(
            f"{odd[0]}, which would change steps that are taken; give it its value again, or train "
            f"in another folder (what may change: {', '.join(FREE)})"
        )
    if after.steps < done:
        raise UsageError(f"steps is {after.steps}, but {done} are taken; give {done} or more")


def amended(held: Mapping[str, Any], after: Run, done: int) -> dict[str, Any]:
    """The card of a run that continues as `after`, with the changes and their step."""
    found = [
        {"field": d.field, "was": d.was, "is": d.now, "step": done} for d in changed(held, after)
    ]
    return {**held, "run": to_json(after), "changes": [*held.get("changes", ()), *found]}

"""Resuming with other settings: the fields of a run that may change after its start.

Finished steps stay as they are.  So a field may change only if no finished step used it, or if it
affects no result.
"""

from collections.abc import Mapping
from typing import Any

from whet.data.digests import digest
from whet.training.as_json import to_json
from whet.training.card import Difference, differences, frozen
from whet.training.run import Run
from whet.types import UsageError

FREE = ("steps", "limits", "checkpoints", "evaluation", "periodic", "eval_corpus")
"""Fields of a `Run` that may change: its length, limits, checkpoints and evaluations."""


def changed(held: Mapping[str, Any], after: Run) -> list[Difference]:
    """Every field in which a run differs from the run of a card."""
    return differences(held["run"], to_json(after))


def moved(held: Mapping[str, Any], after: Run) -> Difference | None:
    """The device of a card and the present one, if they differ; None for an older card."""
    was, now = held.get("device", ""), after.engine.hardware()
    return Difference("device", was, now) if was and now != was else None


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
    was, rate = held["run"]["steps"], after.optimizer.lr_at
    if any(rate(step, was) != rate(step, after.steps) for step in range(done)):
        raise UsageError(
            f"steps: was {was}, is {after.steps}, but a {type(after.optimizer.decay).__name__} "
            f"would have given the {done} steps taken other learning rates; keep {was} steps, or "
            "train in another folder"
        )


def check_data(held: Mapping[str, Any], after: Run) -> None:
    """Raise `UsageError` if tasks or opponents are not those that a card's run began with."""
    was = held.get("data")
    if was and (now := digest(after.corpus)) != was:
        raise UsageError(
            f"corpus: its training tasks have changed since the run began (their digest was {was}, "
            f"is {now}); restore the data, or train in another folder"
        )
    models = frozen(after)
    for folder, digest_then in held.get("opponents", {}).items():
        if models.get(folder) != digest_then:
            raise UsageError(
                f"opponent.folder {folder!r} has changed since the run began (its digest was "
                f"{digest_then}, is {models.get(folder)}); restore it, or train in another folder"
            )


def amended(held: Mapping[str, Any], after: Run, done: int) -> dict[str, Any]:
    """The card of a run that continues as `after`, with the changes and their step."""
    place = moved(held, after)
    differing = [*changed(held, after), *([place] if place else ())]
    found = [{"field": d.field, "was": d.was, "is": d.now, "step": done} for d in differing]
    again = {"run": to_json(after), "changes": [*held.get("changes", ()), *found]}
    return {**held, **again} | ({"device": place.now} if place else {})

"""Resuming with other settings: the fields of a run that may change after its start.

Finished steps stay as they are.  So a field may change only if no finished step used it, or if it
affects no result.  What finished steps did use may be accepted by name, and the card says so.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from whet.data.digests import digest
from whet.policy.inspection import walk
from whet.training.as_json import to_json
from whet.training.card import Difference, differences, frozen, resealed
from whet.training.inputs import inputs, role
from whet.training.run import Run
from whet.training.standing import ROWS
from whet.types import UsageError
from whet.types.optimizers import AdamW

FREE = ("steps", "limits", "checkpoints", "evaluation", "periodic", "eval_corpus")
"""Fields of a `Run` that may change: its length, limits, checkpoints and evaluations."""

RECIPE = "recipe"
_USUAL = ("data", "model", "reward", "teacher", "reference", "opponent", RECIPE, ROWS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """How a run goes on: from which checkpoint, and with which changes of what it has used.

    Raises `UsageError` for a word in `accept` that nothing of a run is called.
    """

    start: str = ""  # the name of a checkpoint, such as step-000040; empty: the newest
    accept: tuple[str, ...] = ()  # data, model, reward, teacher, …, metrics: rows that are lost

    def __post_init__(self) -> None:
        fields = {role(field) for field in Run.__dataclass_fields__}
        for name in self.accept:
            if name not in fields.union(_USUAL):
                raise UsageError(f"accept is {name!r}; give one of {', '.join(_USUAL)}")


AS_IT_IS = Resumption()


def changed(held: Mapping[str, Any], after: Run) -> list[Difference]:
    """Every field in which a run differs from the run of a card."""
    return differences(held["run"], to_json(after))


def moved(held: Mapping[str, Any], after: Run) -> Difference | None:
    """The device of a card and the present one, if they differ; None for an older card."""
    was, now = held.get("device", ""), after.engine.hardware()
    return Difference("device", was, now) if was and now != was else None


def refused(held: Mapping[str, Any], after: Run, how: Resumption = AS_IT_IS) -> list[Difference]:
    """The changed fields that would affect finished steps, and were not accepted."""
    odd = [d for d in changed(held, after) if d.field.partition(".")[0] not in FREE]
    return [d for d in odd if role(d.field) not in how.accept]


def check(held: Mapping[str, Any], after: Run, done: int, how: Resumption = AS_IT_IS) -> None:
    """Raise `UsageError` if a card's run can't continue as `after`, with `done` steps finished."""
    odd = refused(held, after, how)
    if odd:
        raise UsageError(
            f"{odd[0]}, which would change steps that are taken; give it its value again, or train "
            f"in another folder (what may change: {', '.join(FREE)})"
        )
    if after.steps < done:
        raise UsageError(f"steps is {after.steps}, but {done} are taken; give {done} or more")
    was = held["run"]["steps"]
    for optimizer in _optimizers(after):
        rate = optimizer.lr_at
        if any(rate(step, was) != rate(step, after.steps) for step in range(done)):
            raise UsageError(
                f"steps: was {was}, is {after.steps}, but a {type(optimizer.decay).__name__} would "
                f"have given the {done} steps taken other learning rates; keep {was} steps, or "
                "train in another folder"
            )


def _optimizers(run: Run) -> list[AdamW]:
    """Those whose schedules run over the steps of the run: the policy's, a critic's."""
    return [run.optimizer, *(part for part in walk(run.objective) if isinstance(part, AdamW))]


def check_inputs(
    held: Mapping[str, Any], after: Run, how: Resumption = AS_IT_IS
) -> list[Difference]:
    """The inputs that are no longer those that a card's run began with, and were accepted.

    Raises `UsageError` for one that was not: tasks, files of the reward, model folders, opponents.
    """
    odd = [*_other_inputs(held, after)]
    for found in odd:
        if (name := role(found.field)) not in how.accept:
            tasks = found.field == "corpus"
            what = "corpus: its training tasks have" if tasks else f"{found.field} has"
            raise UsageError(
                f"{what} changed since the run began (its digest was {found.was}, is "
                f"{found.now}); restore it, train in another folder, or go on with --accept {name}"
            )
    return odd


def _other_inputs(held: Mapping[str, Any], after: Run) -> Iterator[Difference]:
    """Every input with another digest than on the card; older cards know fewer."""
    if found := resealed(held):
        yield found
    data = held.get("data")
    if data and (now := digest(after.corpus)) != data:
        yield Difference("corpus", data, now)
    models = frozen(after)
    for folder, was in held.get("opponents", {}).items():
        if models.get(folder) != was:
            yield Difference(f"opponent.folder {folder!r}", was, models.get(folder))
    then = {kind: of for kind, of in held.get("digests", {}).items() if kind != RECIPE}
    found = inputs(after, tasks_known=bool(data))
    for kind, fields in then.items():
        for field, was in fields.items():
            if (now := found.get(kind, {}).get(field)) != was:
                yield Difference(field, was, now)


def amended(
    held: Mapping[str, Any], after: Run, done: int, accepted: list[Difference]
) -> dict[str, Any]:
    """The card of a run that continues as `after`, with the changes and their step."""
    place = moved(held, after)
    differing = [*changed(held, after), *accepted, *([place] if place else ())]
    found = [{"field": d.field, "was": d.was, "is": d.now, "step": done} for d in differing]
    again: dict[str, Any] = {
        "run": to_json(after),
        "changes": [*held.get("changes", ()), *found],
    }
    if accepted:
        data = digest(after.corpus)
        again |= {"data": data, "opponents": frozen(after)}
        again["digests"] = inputs(after, tasks_known=bool(data))
    return {**held, **again} | ({"device": place.now} if place else {})

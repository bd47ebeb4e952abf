"""TRL's form (1.16), which Unsloth uses too: a group at once, with the columns of its rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from numbers import Real
from typing import Any, ClassVar

from whet.rewards.adapters.dialects.base import (
    Said,
    ScriptResult,
    finite,
    infinite,
    invoke,
    listed,
    logged,
    scalar,
    unfit,
)


class TrainerState:
    """Stands in for the state of TRL's trainer: it knows the step of training."""

    def __init__(self, step: int, what: str) -> None:
        """`what` names the function in messages."""
        self.global_step = step
        self._what = what

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"{self._what} reads trainer_state.{name}, which is not known here; "
            "use trainer_state.global_step"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrlForm:
    """`f(prompts, completions, completion_ids, **columns)`; returns a number or None per reply.

    Completions are texts, or chats where the prompt is a chat.  Every column of the data set is a
    list; the answer has its usual names.  None and NaN mean "not applicable": the reply is in
    neither loss nor baseline, and it is not a fault.  Values passed to `log_metric` and `log_extra`
    become parts and notes of the verdicts.  `trainer_state.global_step` is the step of training.
    1 or more counts as correct.
    """

    called: ClassVar[str] = "TRL"
    offers: ClassVar[tuple[str, ...]] = (
        "prompts",
        "completions",
        "completion_ids",
        "columns of the data",
        "trainer_state",
        "log_extra",
        "log_metric",
    )
    marks: ClassVar[frozenset[str]] = frozenset({"prompts", "completions", "completion_ids"})
    batched: ClassVar[bool] = True

    def call(
        self, function: Callable[..., Any], said: Sequence[Said], what: str
    ) -> list[ScriptResult]:
        """One result for each reply of the group."""
        metrics: dict[str, object] = {}
        extras: dict[str, list[Any]] = {}

        def log_metric(name: str, value: float) -> None:
            metrics[name] = scalar(value)

        def log_extra(column: str, values: Sequence[Any]) -> None:
            extras[column] = listed(values, len(said), f"log_extra({column!r}) in {what}")

        chat = not isinstance(said[0].prompt, str)
        names = {name for one in said for name in one.columns} - {"prompt", "completion"}
        offered = {name: [one.columns.get(name) for one in said] for name in sorted(names)} | {
            "prompts": [one.prompt for one in said],
            "completions": [one.messages if chat else one.completion for one in said],
            "completion_ids": [list(one.ids) for one in said],
            "trainer_state": TrainerState(said[0].step, what),
            "log_extra": log_extra,
            "log_metric": log_metric,
        }
        returned = listed(invoke(function, offered, what), len(said), what)
        rows = [{name: values[i] for name, values in extras.items()} for i in range(len(said))]
        numbers = logged(metrics)
        return [_found(v, numbers, row, what) for v, row in zip(returned, rows, strict=True)]


def _found(
    value: object, metrics: Mapping[str, float], extras: Mapping[str, Any], what: str
) -> ScriptResult:
    plain = {name: scalar(extra) for name, extra in extras.items()}
    words = {name: str(extra) for name, extra in plain.items() if not isinstance(extra, Real)}
    note = "; ".join(f"{name}: {word[:80]}" for name, word in words.items())
    known = {**metrics, **logged(plain)}
    if value is None or (isinstance(value, float) and isnan(value)):
        told = note or f"{what} has no opinion"
        return ScriptResult(None, None, known, told, applicable=False)
    if not isinstance(value, Real):
        return unfit(value, what, "return finite numbers, or None for no opinion")
    score = finite(value)
    if score is None:
        return infinite(value, what)
    return ScriptResult(score, score >= 1, known, note, measured=score)

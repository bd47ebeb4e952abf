"""OpenRLHF's form: a group at once as text; the function returns a tensor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

from whet.rewards.adapters.dialects.base import (
    ResultError,
    Said,
    ScriptResult,
    finite,
    infinite,
    invoke,
    listed,
    logged,
    scalar,
    shown,
    unfit,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRlhfForm:
    """`reward_func(queries, prompts, labels, **kw)`; a query is prompt and reply in one text.

    The function returns a tensor of rewards, or a dict with `rewards`, perhaps `scores`, and
    `extra_logs`.  A score of 1 or more counts as correct; without scores, a reward of 1 or more.
    """

    called: ClassVar[str] = "OpenRLHF"
    offers: ClassVar[tuple[str, ...]] = ("queries", "prompts", "labels")
    marks: ClassVar[frozenset[str]] = frozenset({"queries"})
    batched: ClassVar[bool] = True

    def call(
        self, function: Callable[..., Any], said: Sequence[Said], what: str
    ) -> list[ScriptResult]:
        """One result for each reply of the group."""
        offered = {
            "queries": [one.asked + one.completion for one in said],
            "prompts": [one.asked for one in said],
            "labels": [one.given for one in said],
        }
        returned = invoke(function, offered, what)
        told = returned if isinstance(returned, Mapping) else {"rewards": returned}
        if "rewards" not in told:
            raise ResultError(f"{what} returned {shown(returned)}; return a dict with 'rewards'")
        rewards = listed(told["rewards"], len(said), what)
        scores = listed(told.get("scores", rewards), len(said), what)
        logs = dict(told.get("extra_logs") or {})
        if "scores" in told:
            logs["scores"] = scores
        columns = {name: _spread(values, len(said), what) for name, values in logs.items()}
        rows = [{name: values[i] for name, values in columns.items()} for i in range(len(said))]
        return [_found(*one, what) for one in zip(rewards, scores, rows, strict=True)]


def _found(reward: object, score: object, logs: Mapping[str, object], what: str) -> ScriptResult:
    numbers: list[float] = []
    for value in (reward, score):
        if not isinstance(value, Real):
            return unfit(value, what, "return finite numbers")
        number = finite(value)
        if number is None:
            return infinite(value, what)
        numbers.append(number)
    learned, judged = numbers
    return ScriptResult(learned, judged >= 1, logged(logs), measured=judged)


def _spread(values: object, count: int, what: str) -> list[Any]:
    """A log as one value per reply; a single number belongs to every reply."""
    single = scalar(values)
    return [single] * count if isinstance(single, Real) else listed(values, count, what)

"""OpenRLHF's form: a group at once as text; the function returns a tensor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from numbers import Real
from typing import Any, ClassVar

from whet.rewards.adapters.dialects.base import (
    FormError,
    Said,
    ScriptResult,
    infinite,
    invoke,
    listed,
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
            raise FormError(f"{what} returned {returned!r:.60}; return a dict with 'rewards'")
        rewards = listed(told["rewards"], len(said), what)
        scores = listed(told.get("scores", rewards), len(said), what)
        if not all(isinstance(x, Real) for x in (*rewards, *scores)):
            raise FormError(f"{what} returned {returned!r:.60}; return finite numbers")
        logs = dict(told.get("extra_logs") or {})
        if "scores" in told:
            logs["scores"] = scores
        columns = {name: _spread(values, len(said), what) for name, values in logs.items()}
        return [
            ScriptResult(
                float(reward), scores[i] >= 1, {k: float(v[i]) for k, v in columns.items()}
            )
            if isfinite(reward) and isfinite(scores[i])
            else infinite(scores[i] if isfinite(reward) else reward, what)
            for i, reward in enumerate(rewards)
        ]


def _spread(values: object, count: int, what: str) -> list[Any]:
    """A log as one value per reply; a single number belongs to every reply."""
    single = isinstance(values, Real) or getattr(values, "ndim", None) == 0
    return [values] * count if single else listed(values, count, what)

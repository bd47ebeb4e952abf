"""veRL's forms (0.9): one reply as text, or several at once for its batch reward manager."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from whet.rewards.adapters.dialects.base import (
    ResultError,
    Said,
    ScriptResult,
    graded,
    invoke,
    shown,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerlForm:
    """`compute_score(data_source, solution_str, ground_truth, extra_info, **kw)`.

    The function returns a number, of which 1 or more counts as correct, or a dict with `score`,
    perhaps `acc`, and numbers to be logged.  `ground_truth` is the row's own value of any type;
    `extra_info` holds the row's columns and `num_turns`.
    """

    called: ClassVar[str] = "veRL"
    offers: ClassVar[tuple[str, ...]] = (
        "data_source",
        "solution_str",
        "ground_truth",
        "extra_info",
    )
    marks: ClassVar[frozenset[str]] = frozenset({"solution_str"})
    batched: ClassVar[bool] = False

    def call(
        self, function: Callable[..., Any], said: Sequence[Said], what: str
    ) -> list[ScriptResult]:
        """The result for the one reply."""
        [one] = said
        return [graded(invoke(function, _row(one), what), what, right="acc")]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerlBatchForm:
    """`compute_score(data_sources, solution_strs, ground_truths, extra_infos, **kw)`.

    Every argument is a list with an entry per reply.  The function returns a list with a number or
    a dict per reply, which are read as those of `VerlForm`.
    """

    called: ClassVar[str] = "veRL in batches"
    offers: ClassVar[tuple[str, ...]] = (
        "data_sources",
        "solution_strs",
        "ground_truths",
        "extra_infos",
    )
    marks: ClassVar[frozenset[str]] = frozenset({"solution_strs"})
    batched: ClassVar[bool] = True

    def call(
        self, function: Callable[..., Any], said: Sequence[Said], what: str
    ) -> list[ScriptResult]:
        """One result for each reply of the group."""
        rows = [_row(one) for one in said]
        single = VerlForm.offers
        offered = {
            plural: [row[name] for row in rows]
            for plural, name in zip(self.offers, single, strict=True)
        }
        returned = invoke(function, offered, what)
        tolist = getattr(returned, "tolist", None)
        values = tolist() if callable(tolist) else returned
        if not isinstance(values, Sequence) or isinstance(values, str) or len(values) != len(said):
            raise ResultError(
                f"{what} returned {shown(returned)}; return a number or a dict for each of "
                f"{len(said)}"
            )
        return [graded(value, what, right="acc") for value in values]


def _row(one: Said) -> dict[str, Any]:
    judged = one.info.get("reward_model")
    given = judged.get("ground_truth") if isinstance(judged, Mapping) else None
    return {
        "data_source": one.info.get("data_source", ""),
        "solution_str": one.completion,
        "ground_truth": one.given if given is None else given,
        "extra_info": dict(one.info) | {"num_turns": len(one.turns), "rollout_reward_scores": {}},
    }

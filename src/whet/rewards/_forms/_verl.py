"""veRL's form (0.9): one reply as text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from whet.rewards._forms._form import Said, ScriptResult, graded, invoke


@dataclass(frozen=True, slots=True, kw_only=True)
class VerlForm:
    """`compute_score(data_source, solution_str, ground_truth, extra_info, **kw)`.

    A number, of which 1 or more counts as correct, or a dict with `score`, perhaps `acc`, and
    numbers to be logged.  The ground truth is the row's own, whatever its type; `extra_info` holds
    the row's columns, and `num_turns`.
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
        """One reply."""
        [one] = said
        judged = one.info.get("reward_model")
        given = judged.get("ground_truth") if isinstance(judged, Mapping) else None
        offered = {
            "data_source": one.info.get("data_source", ""),
            "solution_str": one.completion,
            "ground_truth": one.answer if given is None else given,
            "extra_info": dict(one.info) | {"num_turns": len(one.turns)},
        }
        return [graded(invoke(function, offered, what), what, right="acc")]

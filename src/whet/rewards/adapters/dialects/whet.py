"""whet's own form: one reply, with arguments by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from whet.rewards.adapters.dialects.base import Said, ScriptResult, graded, invoke


@dataclass(frozen=True, slots=True, kw_only=True)
class WhetForm:
    """`f(prompt, reply, answer, info, task_id)`, or fewer of them; returns a number or a dict."""

    called: ClassVar[str] = "whet"
    offers: ClassVar[tuple[str, ...]] = ("prompt", "reply", "answer", "info", "task_id")
    marks: ClassVar[frozenset[str]] = frozenset({"reply"})
    batched: ClassVar[bool] = False

    def call(
        self, function: Callable[..., Any], said: Sequence[Said], what: str
    ) -> list[ScriptResult]:
        """The result for the one reply."""
        [one] = said
        values = (one.prompt, one.reply, one.answer, dict(one.info), one.task_id)
        offered = dict(zip(self.offers, values, strict=True))
        return [graded(invoke(function, offered, what), what)]

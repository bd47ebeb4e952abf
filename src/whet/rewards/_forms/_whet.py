"""The library's own form: one reply, by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from whet.rewards._forms._form import Said, ScriptResult, graded, invoke


@dataclass(frozen=True, slots=True, kw_only=True)
class WhetForm:
    """`f(prompt, reply, answer, info, task_id)`, any of them; a number, a bool, or a dict."""

    called: ClassVar[str] = "whet"
    offers: ClassVar[tuple[str, ...]] = ("prompt", "reply", "answer", "info", "task_id")
    marks: ClassVar[frozenset[str]] = frozenset({"reply"})
    batched: ClassVar[bool] = False

    def call(
        self, function: Callable[..., Any], said: Sequence[Said], what: str
    ) -> list[ScriptResult]:
        """One reply."""
        [one] = said
        values = (one.prompt, one.reply, one.answer, dict(one.info), one.task_id)
        offered = dict(zip(self.offers, values, strict=True))
        return [graded(invoke(function, offered, what), what)]

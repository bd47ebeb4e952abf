"""The form of verifiers 0, which most public environments use: one reply as a chat."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from whet.rewards.adapters.dialects.base import Messages, Said, ScriptResult, graded, invoke


class Parser:
    """Stands in for the parser of an environment that has none: it returns the whole text."""

    def parse(self, text: str) -> str:
        """The parser of verifiers that returns the text unchanged."""
        return text

    def parse_answer(self, completion: Messages | str) -> str:
        """The last message of the assistant."""
        if isinstance(completion, str):
            return self.parse(completion)
        said = self.get_assistant_messages(completion)
        return self.parse(said[-1].get("content") or "") if said else ""

    def get_assistant_messages(self, completion: Messages) -> Messages:
        """The messages whose role is `assistant`."""
        return [message for message in completion if message["role"] == "assistant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiersForm:
    """`f(prompt, completion, answer, state, task, info, parser)`, or fewer of them.

    Prompt and completion are chats.  `parser` is the file's own global of that name where it has
    one.  The function returns a number, of which 1 or more counts as correct.  An exception is a
    fault; verifiers would score it 0.
    """

    called: ClassVar[str] = "verifiers 0"
    offers: ClassVar[tuple[str, ...]] = (
        "prompt",
        "completion",
        "answer",
        "state",
        "task",
        "info",
        "parser",
    )
    marks: ClassVar[frozenset[str]] = frozenset({"completion", "state", "task", "parser"})
    batched: ClassVar[bool] = False

    def call(
        self, function: Callable[..., Any], said: Sequence[Said], what: str
    ) -> list[ScriptResult]:
        """The result for the one reply."""
        [one] = said
        known = {
            "prompt": one.asked_messages,
            "completion": one.messages,
            "answer": one.given,
            "task": one.info.get("task", "default"),
            "info": dict(one.info),
        }
        state = known | {"turn": len(one.turns) // 2, "is_truncated": one.truncated}
        own = getattr(function, "__globals__", {}).get("parser")
        offered = one.columns | known | {"state": state, "parser": own or Parser()}
        return [graded(invoke(function, offered, what), what)]

"""The form of verifiers 0 (most public environments): one reply as a chat."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from whet.rewards._forms._form import Messages, Said, ScriptResult, graded, invoke


class Parser:
    """What an environment parses with where it brings no parser of its own: nothing is cut."""

    def parse(self, text: str) -> str:
        """The text as it is."""
        return text

    def parse_answer(self, completion: Messages | str) -> str:
        """What the assistant said last."""
        if isinstance(completion, str):
            return self.parse(completion)
        said = self.get_assistant_messages(completion)
        return self.parse(said[-1]["content"]) if said else ""

    def get_assistant_messages(self, completion: Messages) -> Messages:
        """The assistant's own words."""
        return [message for message in completion if message["role"] == "assistant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiersForm:
    """`f(prompt, completion, answer, state, task, info, parser)`, any of them; a number.

    Prompt and completion are chats.  A parser is the file's own, `parser = …`, where it has one.
    1 or more counts as correct.  What the function raises is a fault; verifiers would take it for
    a zero.
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
        """One reply."""
        [one] = said
        known = {
            "prompt": one.asked_messages,
            "completion": one.messages,
            "answer": one.answer,
            "task": one.info.get("task", "default"),
            "info": dict(one.info),
        }
        state = known | {"turn": len(one.turns) // 2, "is_truncated": one.truncated}
        own = getattr(function, "__globals__", {}).get("parser")
        offered = one.columns | known | {"state": state, "parser": own or Parser()}
        return [graded(invoke(function, offered, what), what)]

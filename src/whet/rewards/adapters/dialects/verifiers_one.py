"""The form of verifiers 1: a function of a trace, or a class of tasks with reward methods."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar

from whet.rewards.adapters.dialects.base import Said, ScriptResult, graded, invoke


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The attributes of a verifiers trace that a reward function can read."""

    task: SimpleNamespace
    messages: list[SimpleNamespace]
    assistant_messages: list[SimpleNamespace]
    last_reply: str
    num_turns: int
    is_truncated: bool
    info: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceForm:
    """`f(trace, task)`, or a class of tasks whose methods carry `@vf.reward`.

    A function or method returns a number or a dict of numbers.  The rewards of a class are added
    with their weights and logged one by one; the class is called with the row's columns.  A sum of
    1 or more counts as correct.  A method that needs a runtime is an error.
    """

    called: ClassVar[str] = "verifiers 1"
    offers: ClassVar[tuple[str, ...]] = ("trace", "task")
    marks: ClassVar[frozenset[str]] = frozenset({"trace"})
    batched: ClassVar[bool] = False

    def call(
        self, function: Callable[..., Any], said: Sequence[Said], what: str
    ) -> list[ScriptResult]:
        """The result for the one reply."""
        [one] = said
        data = SimpleNamespace(**one.columns | {"prompt": one.prompt})
        offered = {"trace": _trace(one, data), "task": data}
        if not isinstance(function, type):
            return [graded(invoke(function, offered, what), what)]
        task = function(data)
        parts: dict[str, float] = {}
        total = 0.0
        for name in reward_methods(function):
            method = getattr(task, name)
            returned = invoke(method, offered, f"{name} of {what}")
            keyed = returned if isinstance(returned, Mapping) else {name: returned}
            for key, value in keyed.items():
                found = graded(value, f"{name} of {what}")
                if found.score is None:
                    return [found]
                parts[key] = found.score
                total += getattr(method, "_vf_weight", 1.0) * parts[key]
        return [ScriptResult(total, total >= 1, parts, measured=total)]


def reward_methods(kind: type) -> list[str]:
    """The methods marked by `@vf.reward`, those with the highest priority first."""
    names = {name for base in kind.__mro__ for name in vars(base)}
    marked = [n for n in names if getattr(getattr(kind, n, None), "reward", None) is True]
    return sorted(marked, key=lambda n: (-getattr(getattr(kind, n), "reward_priority", 0), n))


def _trace(one: Said, data: SimpleNamespace) -> Trace:
    said = [SimpleNamespace(**message) for message in one.messages]
    asked = [SimpleNamespace(**message) for message in one.asked_messages]
    return Trace(
        task=SimpleNamespace(data=data),
        messages=[*asked, *said],
        assistant_messages=[message for message in said if message.role == "assistant"],
        last_reply=one.reply.strip(),
        num_turns=len(one.turns) // 2,
        is_truncated=one.truncated,
        info={},
    )

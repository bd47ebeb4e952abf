"""What all forms share: the plain data of a rollout, the call, and the reading of its result."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from numbers import Real
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

Messages = list[dict[str, str]]
WANTED = "return a finite number, a bool, or a dict with 'score'"


class FormError(ValueError):
    """The function can't be called in its form.  The message is one line for the user."""


class ResultError(ValueError):
    """What a function returned is not what its form returns: a fault of the replies of that call.

    A reply may be the cause, so it does not end a run.
    """


class ScriptResult(NamedTuple):
    """The result of a reward function for one reply."""

    score: float | None  # None: a fault; or, where `applicable` is false, no opinion
    correct: bool | None
    parts: Mapping[str, float]  # numbers to be logged
    note: str = ""
    applicable: bool = True
    measured: float | None = None  # the number of which `correct` says no more than ≥ 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A task and a reply in plain Python, as they are sent to a worker process."""

    task_id: str
    prompt: str | Messages
    turns: tuple[str, ...]  # observation, reply, observation, reply, …
    answer: str
    info: Mapping[str, Any]
    alternatives: tuple[str, ...] = ()
    ids: Sequence[int] = ()  # the tokens that the policy sampled
    truncated: bool = False
    step: int = 0  # of training; 0 in evaluations

    @property
    def reply(self) -> str:
        """The last reply of the policy."""
        return self.turns[-1] if self.turns else ""

    @property
    def given(self) -> str | list[str]:
        """The answer; where there are several, the list of them, as a row holds it."""
        return [self.answer, *self.alternatives] if self.alternatives else self.answer

    @property
    def asked(self) -> str:
        """The prompt as the policy saw it."""
        return self.prompt if isinstance(self.prompt, str) else "".join(self.turns[:1])

    @property
    def completion(self) -> str:
        """Everything after the prompt, as one text."""
        return "".join(self.turns[1:])

    @property
    def asked_messages(self) -> Messages:
        """The prompt as chat messages."""
        if isinstance(self.prompt, str):
            return [{"role": "user", "content": self.prompt}]
        return list(self.prompt)

    @property
    def messages(self) -> Messages:
        """Everything after the prompt, as chat messages."""
        roles = ("assistant", "user")
        return [{"role": roles[i % 2], "content": t} for i, t in enumerate(self.turns[1:])]

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of the task's row, and its answer under the usual names for it."""
        aliases = dict.fromkeys(("answer", "solution", "ground_truth", "label"), self.given)
        return aliases | dict(self.info)


@runtime_checkable
class CallForm(Protocol):
    """How one trainer calls a reward function."""

    called: ClassVar[str]
    offers: ClassVar[tuple[str, ...]]  # parameters that a function may take
    marks: ClassVar[frozenset[str]]  # the parameters that no other form has
    batched: ClassVar[bool]  # whether a call is about a whole group or about one reply

    def call(
        self, function: Callable[..., Any], said: Sequence[Said], what: str
    ) -> list[ScriptResult]:
        """One result for each of the replies, in order; `what` names the function in messages."""
        ...


def needed(function: Callable[..., Any]) -> tuple[set[str], set[str]]:
    """The names of all parameters, and the names of those without a default."""
    parameters = inspect.signature(function).parameters.values()
    named = [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    return {p.name for p in named}, {p.name for p in named if p.default is p.empty}


def invoke(function: Callable[..., Any], offered: Mapping[str, Any], what: str) -> Any:
    """Call the function with the arguments that it names; a coroutine is run to its end."""
    parameters = inspect.signature(function).parameters.values()
    for p in parameters:
        free = p.default is not p.empty or p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
        if not free and (p.name not in offered or p.kind is p.POSITIONAL_ONLY):
            raise FormError(f"{what} wants {p.name!r}; it can have {', '.join(offered)}, by name")
    everything = any(p.kind is p.VAR_KEYWORD for p in parameters)
    named = {p.name for p in parameters}
    result = function(**{k: v for k, v in offered.items() if everything or k in named})
    return asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result


def graded(returned: object, what: str, *, right: str = "correct") -> ScriptResult:
    """Read a number, of which 1 or more is correct, or a dict with `score` and perhaps `right`.

    Anything else is a fault of the reply.
    """
    result = scalar(returned)
    alone = not isinstance(result, Mapping)
    result = result if isinstance(result, Mapping) else {"score": result}
    entries = {str(key): scalar(value) for key, value in result.items()}
    score, correct = entries.pop("score", None), entries.pop(right, None)
    if not isinstance(score, Real) or not (correct is None or isinstance(correct, Real)):
        return unfit(returned, what, WANTED)
    found = finite(score)
    if found is None:
        return infinite(score, what)
    if alone:
        return ScriptResult(found, found >= 1, {}, measured=found)
    if correct not in (True, False, None):  # an accuracy between, of which 1 is right
        entries[right] = correct
    return ScriptResult(found, None if correct is None else correct == 1, logged(entries))


def finite(number: Real) -> float | None:
    """The number as a float; None where it is not finite, or too large for a float."""
    try:
        plain = float(number)
    except OverflowError:
        return None
    return plain if isfinite(plain) else None


def logged(values: Mapping[str, object]) -> dict[str, float]:
    """The finite numbers among values that are logged and not learned from."""
    numbers = {k: finite(v) for k, v in values.items() if isinstance(v, Real)}
    return {name: number for name, number in numbers.items() if number is not None}


def unfit(returned: object, what: str, wanted: str) -> ScriptResult:
    """A fault: the function returned something else than its form returns."""
    return ScriptResult(None, None, {}, f"{what} returned {shown(returned)}; {wanted}")


def infinite(score: object, what: str) -> ScriptResult:
    """A fault: the function returned a score that is not finite."""
    return ScriptResult(None, None, {}, f"{what} returned {shown(score)}, which is not finite")


def shown(value: object) -> str:
    """The beginning of a value as Python writes it; its type where it can't be written."""
    try:
        return f"{value!r:.60}"
    except Exception:  # noqa: BLE001 (a user's object may raise here)
        return f"a {type(value).__name__}"


def listed(values: object, count: int, what: str) -> list[Any]:
    """A list, array, tensor or iterator as a list of `count` plain values.

    Raises `ResultError` for any other length.
    """
    tolist = getattr(values, "tolist", None)
    found = tolist() if callable(tolist) else values
    found = list(found) if isinstance(found, Iterator) else found
    if isinstance(found, Real):
        found = [found]
    if not isinstance(found, Sequence) or isinstance(found, str) or len(found) != count:
        raise ResultError(f"{what} returned {shown(values)}; return one number for each of {count}")
    return [scalar(value) for value in found]


def scalar(value: object) -> object:
    """A number of NumPy or torch as a Python number; any other value unchanged."""
    item = getattr(value, "item", None)
    return item() if callable(item) and getattr(value, "ndim", None) == 0 else value

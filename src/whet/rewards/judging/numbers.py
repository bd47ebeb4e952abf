"""The numbers of a verdict: plain, finite and within float32, or the verdict is a fault.

A number that is none is no zero, and it is no failure of the policy: the judge failed.  So the
rollout is masked out of loss and baseline and counted as a fault, whichever number it was.  The
same holds for a reason, an ending or a text of another type, which nothing could store or count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from math import isfinite
from numbers import Real
from typing import Any

from whet.calls.results import clean
from whet.rewards.judging.calling import told
from whet.types import Finish, Reason, Verdict

LARGEST = 3.4028234663852886e38
"""The largest number of float32, in which rewards are learned from."""


class _Unsound(ValueError):
    """A number that can't be learned from.  The message names the field and the value."""


def sound(verdict: Verdict, task: str, name: str) -> Verdict:
    """The verdict with plain Python numbers; a fault where one of them is none.

    Score, measured, parts, credit and turn rewards have to be real numbers x with |x| ≤ 3.4e38, the
    range of float32.  Numbers of NumPy and torch are converted, and True and False are 1 and 0.  A
    cost that is none is left out, and halves of surrogate pairs, which no file can hold, are `?`.
    The note of the fault names the judge, the field, the value and the task.
    """
    try:
        plain = _words(verdict) | (_plain(verdict) if verdict.judged else {})
    except _Unsound as error:
        return Verdict.unjudged(clean(f"{name} gave {error} to task {task!r}"))
    except Exception as error:  # noqa: BLE001 (objects of anybody's are asked for their numbers)
        note = f"{name} gave task {task!r} a verdict that can't be read: {told(error)}"
        return Verdict.unjudged(clean(note))
    same = all(getattr(verdict, field) is value for field, value in plain.items())
    return verdict if same else replace(verdict, **plain)


def _plain(verdict: Verdict) -> dict[str, Any]:
    measured = verdict.measured
    return {
        "score": _number("score", verdict.score),
        "correct": _flag(verdict.correct),
        "measured": None if measured is None else _number("measured", measured),
        "parts": _parts(verdict.parts),
        "credit": _series("credit", verdict.credit),
        "turn_rewards": _series("turn_rewards", verdict.turn_rewards),
    }


def _words(verdict: Verdict) -> dict[str, Any]:
    """What is no number: of a type that can be stored, compared and counted."""
    answer = verdict.answer
    return {
        "reason": _member(Reason, "reason", verdict.reason),
        "finish": None if verdict.finish is None else _member(Finish, "finish", verdict.finish),
        "answer": None if answer is None else _text("answer", answer),
        "note": _text("note", verdict.note or ""),
        "cost_ms": _cost(verdict.cost_ms),
    }


def _member(kind: type[StrEnum], field: str, value: object) -> Any:
    if isinstance(value, kind):
        return value
    if isinstance(value, str) and value in list(kind):
        return kind(value)
    raise _Unsound(f"{field} {value!r:.60}, which is none of {kind.__name__},")


def _text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise _Unsound(f"{field} {value!r:.60}, which is no text,")
    return value if value.isascii() else clean(value)


def _cost(value: object) -> float:
    """A time in milliseconds; 0, which is as good as none, for what is no time."""
    try:
        return max(_number("cost_ms", value), 0.0)
    except _Unsound:
        return 0.0


def _scalar(value: object) -> object:
    """A number of NumPy or torch as a Python number; any other value unchanged."""
    item = getattr(value, "item", None)
    return item() if callable(item) and getattr(value, "ndim", 0) == 0 else value


def _number(field: str, value: object) -> float:
    if type(value) is float and abs(value) <= LARGEST:
        return value
    held = _scalar(value)
    if not isinstance(held, Real):
        raise _Unsound(f"{field} {value!r:.60}, which is no real number,")
    try:
        plain = float(held)
    except OverflowError:
        raise _Unsound(f"{field} of more than 1e308, beyond float32,") from None
    if not isfinite(plain):
        raise _Unsound(f"{field} {plain}, which is not finite,")
    if abs(plain) > LARGEST:
        raise _Unsound(f"{field} {plain:g}, beyond float32,")
    return plain


def _flag(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    held = _scalar(value)
    if not isinstance(held, Real) or held not in (0, 1):
        raise _Unsound(f"correct {value!r:.60}, which is neither True nor False,")
    return bool(held)


def _parts(parts: object) -> Mapping[str, float]:
    if not isinstance(parts, Mapping):
        raise _Unsound(f"parts {parts!r:.60}, which is no dict of numbers,")
    if odd := [name for name in parts if not isinstance(name, str)]:
        raise _Unsound(f"parts with the name {odd[0]!r:.60}, which is no text,")
    found = {name: _number(f"parts[{name!r}]", value) for name, value in parts.items()}
    return parts if all(found[name] is parts[name] for name in found) else found


def _series(field: str, values: object) -> Sequence[float]:
    if isinstance(values, tuple) and _are_plain(values):
        return values
    tolist = getattr(values, "tolist", None)
    held = tolist() if callable(tolist) else values
    if not isinstance(held, Sequence) or isinstance(held, str | bytes):
        raise _Unsound(f"{field} {values!r:.60}, which is no tuple of numbers,")
    return tuple(_number(f"{field}[{place}]", value) for place, value in enumerate(held))


def _are_plain(values: tuple[object, ...]) -> bool:
    """Whether all are finite floats within float32: a reply may have many thousand tokens."""
    numbers = [value for value in values if type(value) is float]
    return (
        len(numbers) == len(values)
        and all(map(isfinite, numbers))
        and max(map(abs, numbers), default=0.0) <= LARGEST
    )

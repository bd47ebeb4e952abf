"""Judges that change as training goes on."""

from dataclasses import fields, is_dataclass, replace
from typing import Any, Protocol, runtime_checkable

from whet.protocols import Judge


@runtime_checkable
class Dated(Protocol):
    """A judge that is another one at another step."""

    def at(self, step: int) -> Judge:
        """The judge of a step of training."""
        ...


def dated(judge: Judge | None, step: int) -> Judge | None:
    """The judge of a step; the judges that it asks, in whatever field, are of that step too."""
    return _dated(judge, step)


def _dated(value: Any, step: int) -> Any:
    if isinstance(value, tuple):
        parts = tuple(_dated(part, step) for part in value)
        same = all(a is b for a, b in zip(parts, value, strict=True))
        return value if same or hasattr(value, "_fields") else parts
    if not is_dataclass(value) or isinstance(value, type):
        return value
    own: Any = value.at(step) if _is_judge(value) and isinstance(value, Dated) else value
    changed = {
        f.name: moved
        for f in fields(own)
        if f.init and (moved := _dated(held := getattr(own, f.name), step)) is not held
    }
    return replace(own, **changed) if changed else own


def _is_judge(value: object) -> bool:
    return any(hasattr(value, name) for name in ("score", "compare", "probe"))

"""States that a checkpoint can hold: what `torch.load(weights_only=True)` reads, and finite."""

from collections.abc import Iterator
from math import isfinite
from typing import Any

from torch import Tensor

from whet.types.errors import IntegrityError

_SCALARS = (str, bool, int, float, type(None))


def check_plain(state: Any, name: str) -> None:
    """Raise `IntegrityError` with the place of the first value that a checkpoint can't hold.

    Numbers, texts, None, tensors, lists, tuples, and dictionaries of them are plain. A number that
    is not finite, a NumPy number, and a tensor with such a number are not.
    """
    for place, value in _values(state, name):
        if type(value) in _SCALARS:
            sound = not isinstance(value, float) or isfinite(value)
        else:
            sound = isinstance(value, Tensor) and bool(value.isfinite().all())
        if not sound:
            kind = type(value).__name__
            raise IntegrityError(f"{place} is {value!r:.40}, a {kind} that no state can hold")


def check_restored(saved: Any, held: Any, name: str) -> None:
    """Raise `IntegrityError` with the place of the first value of a state that was not restored.

    A stream that began before its state was loaded, or that counts a step twice, holds another
    state than the one that it was given.
    """
    if place := _apart(saved, held, name):
        raise IntegrityError(
            f"{place} was not restored: after load_state_dict, state_dict has another value than "
            "the checkpoint"
        )


def _apart(saved: Any, held: Any, place: str) -> str:
    """The place of the first difference; empty if there is none."""
    if type(saved) is not type(held):
        return place
    if isinstance(saved, Tensor):
        alike = saved.dtype == held.dtype and saved.shape == held.shape and saved.equal(held)
        return "" if alike else place
    if type(saved) is dict:
        if saved.keys() != held.keys():
            return place
        pairs = [(f"{place}.{key}", saved[key], held[key]) for key in saved]
    elif type(saved) in (list, tuple):
        if len(saved) != len(held):
            return place
        pairs = [(f"{place}.{i}", *both) for i, both in enumerate(zip(saved, held, strict=True))]
    else:
        return "" if saved == held else place
    return next((found for at, one, other in pairs if (found := _apart(one, other, at))), "")


def _values(held: Any, place: str) -> Iterator[tuple[str, Any]]:
    """All values that are no list, tuple or dictionary, each with its place; keys are values."""
    if type(held) is dict:
        for key, value in held.items():
            yield f"a key of {place}", key
            yield from _values(value, f"{place}.{key}")
    elif type(held) in (list, tuple):
        for i, value in enumerate(held):
            yield from _values(value, f"{place}.{i}")
    else:
        yield place, held

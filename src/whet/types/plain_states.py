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

"""The slot that a sampling part fills, and the flag that chooses it.

Both follow from the part's class: a slot of `Standard` takes the parts of its declared type.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from typing import Any, get_type_hints

from whet.cli.choices import slot_types
from whet.cli.values import item_of
from whet.protocols import Part, Sampling
from whet.sampling.standard import Standard

WHOLE = "whole strategy"


@cache
def slots() -> Mapping[str, tuple[type, ...]]:
    """The slots of the standard strategy in their order, with the types of part that they take."""
    hints = get_type_hints(Standard)
    found = {f.name: slot_types(item_of(hints[f.name]) or hints[f.name]) for f in fields(Standard)}
    return {name: types for name, types in found.items() if any(issubclass(t, Part) for t in types)}


def slot_of(offer: Callable[..., Any]) -> str:
    """The slot that a class fills; `WHOLE` for a whole strategy, empty for other offers."""
    if not isinstance(offer, type):
        return ""
    if issubclass(offer, Sampling):
        return WHOLE
    return next((name for name, types in slots().items() if issubclass(offer, types)), "")


def flag_of(offer: Callable[..., Any], name: str) -> str:
    """What chooses the part on the command line, such as `--sampling.gate non_zero_spread`."""
    slot = slot_of(offer)
    if slot == WHOLE:
        return f"--sampling {name}"
    return f"--sampling.{slot} {name}" if slot else ""

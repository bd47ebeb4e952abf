"""Traversal of an algorithm's parts, and the warnings and errors that they declare."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from whet.policy.objective import Objective
from whet.policy.selections import PolicyTokens
from whet.protocols import Algorithm, Companion
from whet.protocols.part import Part
from whet.types import Need, RunSpec


def walk(value: Any) -> Iterator[Any]:
    """The value and every part inside it, at any depth, outermost first; equal parts repeat."""
    if isinstance(value, tuple):
        for item in value:
            yield from walk(item)
    elif is_dataclass(value) and not isinstance(value, type):
        yield value
        for field in fields(value):
            yield from walk(getattr(value, field.name))


def warnings(value: Any, spec: RunSpec) -> list[str]:
    """The distinct warnings of all parts of a value for these circumstances.

    Parts that a companion adapts are left out: their settings are only the first ones.
    """
    parts = _parts(value)
    adapted = tuple(kind for part in parts if isinstance(part, Companion) for kind in part.adapts)
    parts = [part for part in parts if not isinstance(part, adapted)]
    said = [text for part in parts for text in (part.standing_warning, part.run_warning(spec))]
    return list(dict.fromkeys(text for text in said if text))


def errors(value: Any, spec: RunSpec) -> list[str]:
    """The distinct reasons why parts cannot work in these circumstances; empty if all can."""
    said = [part.run_error(spec) for part in _parts(value)]
    return list(dict.fromkeys(text for text in said if text))


def trains_external(objective: Algorithm) -> bool:
    """Whether external tokens, such as those of a hint, would be trained as the policy's own.

    They are not where every term of the sum has a selection that knows them: `PolicyTokens` leaves
    them out, and one that needs demonstrations takes them on purpose. A sum over observations has
    none of them.
    """
    if not isinstance(objective, Objective):
        return True
    terms = [term for term in objective.terms if Need.OBSERVED not in term.needs]
    return not all(any(map(_knows_external, walk(term.on))) for term in terms)


def _knows_external(part: Any) -> bool:
    return isinstance(part, PolicyTokens) or Need.DEMONSTRATIONS in part.needs


def _parts(value: Any) -> list[Part]:
    return [held for held in walk(value) if isinstance(held, Part)]

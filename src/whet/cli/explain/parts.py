"""A part in a line: its name and its numbers."""

import re
from dataclasses import MISSING, Field, fields, is_dataclass
from inspect import getdoc
from typing import Any

from whet.policy.objective import Term
from whet.policy.observations import ObservationLikelihood
from whet.policy.selections import Both, Not

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def settings(part: Any) -> str:
    """A part's name and its numbers, the same in every process."""
    if is_dataclass(part) and not isinstance(part, type):
        inner = (f"{f.name}={settings(getattr(part, f.name))}" for f in fields(part))
        return f"{type(part).__name__}({', '.join(inner)})"
    if isinstance(part, tuple):
        inner = [settings(item) for item in part]
        return f"({', '.join(inner)}{',' if len(inner) == 1 else ''})"
    if isinstance(part, frozenset | set):
        return f"{{{', '.join(sorted(map(settings, part)))}}}"
    if isinstance(part, type) or hasattr(part, "__qualname__"):
        return part.__qualname__
    return _ADDRESS.sub("", repr(part))


def brief(part: Any) -> str:
    """The same, for a table: only the numbers that aren't a part's own defaults."""
    if part is None or part == ():
        return "none"
    if isinstance(part, tuple):
        return " + ".join(map(brief, part))
    if isinstance(part, Term) and not isinstance(part, ObservationLikelihood):
        weights = "".join(f"{brief(c)} · " for c in part.corrections)
        return f"{weights}{brief(part.clipping)} of {brief(part.ratio)} on {region(part)}"
    if isinstance(part, Both | Not):
        return selected(part)
    if not is_dataclass(part) or isinstance(part, type):
        return settings(part)
    told = (f"{f.name}={brief(value)}" for f in fields(part) if (value := _chosen(part, f)) != f)
    inner = ", ".join(told)
    return f"{type(part).__name__}({inner})" if inner else type(part).__name__


def _chosen(part: Any, field: Field[Any]) -> Any:
    """The field's value; the field itself where it is the default."""
    value = getattr(part, field.name)
    return field if field.default is not MISSING and value == field.default else value


def region(term: Term) -> str:
    """The set of tokens of a sum, in words."""
    if isinstance(term, ObservationLikelihood):
        return "observations"
    return "all" if term.on is None else selected(term.on)


def selected(selection: Any) -> str:
    """A selection in words; combined selections are written with ∩ and `not`."""
    if isinstance(selection, Both):
        return f"{selected(selection.one)} ∩ {selected(selection.other)}"
    if isinstance(selection, Not):
        return f"not {selected(selection.of)}"
    return settings(selection).removesuffix("()")


def doc(part: Any) -> list[str]:
    """The lines of its class's docstring."""
    return (getdoc(type(part)) or "").splitlines()

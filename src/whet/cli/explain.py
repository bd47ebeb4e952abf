"""The equation of an algorithm in plain text, slot by slot, from the docstrings of its parts."""

from dataclasses import fields, is_dataclass
from inspect import getdoc
from typing import Any

from whet.policy.objective import Objective

EQUATION = "J(θ) = Σ_n w_n · ( c_n f(r_n, Â_n) − Σ_k k(π_θ, π_ref)_n )"
_SLOTS = {
    "advantage": "Â",
    "ratio": "r",
    "clipping": "f",
    "aggregation": "w",
    "corrections": "c",
    "regularisers": "k",
}


def effective(objective: Objective) -> list[str]:
    """What fills each slot, with its own equation and its numbers."""
    lines = [EQUATION, ""]
    for slot, symbol in _SLOTS.items():
        held = getattr(objective, slot)
        parts = held if isinstance(held, tuple) else (held,)
        if not parts:
            absent = "1" if slot == "corrections" else "0"
            lines.append(f"{symbol}  {slot}: none ({symbol} = {absent})")
        for part in parts:
            lines.append(f"{symbol}  {slot}: {settings(part)}")
            lines += [f"     {line}" for line in _doc(part)]
    if objective.needs:
        lines += ["", "needs " + ", ".join(sorted(objective.needs))]
    if objective.departs:
        lines += ["", f"on-policy it is not REINFORCE: {objective.departs}"]
    return lines


def settings(part: Any) -> str:
    """A part's name and its numbers."""
    if not is_dataclass(part):
        return repr(part)
    inner = (f"{f.name}={_short(getattr(part, f.name))}" for f in fields(part))
    return f"{type(part).__name__}({', '.join(inner)})"


def _short(value: Any) -> str:
    return settings(value) if is_dataclass(value) else repr(value)


def _doc(part: Any) -> list[str]:
    return (getdoc(type(part)) or "").splitlines()


def summary(thing: Any) -> str:
    """The first line of a docstring."""
    return (getdoc(thing) or "").partition("\n")[0]

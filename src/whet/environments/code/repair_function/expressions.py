"""Expressions in x with a wrong digit or sign; replies are expressions, which are calculated."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from whet.calls.shipped.calc import calc
from whet.calls.tools import ToolError
from whet.environments.code.repair_function.exercise import Drawn, Exercise, Test, chosen
from whet.environments.moves import move_in
from whet.sandbox import Sandbox
from whet.types import Reply

SUMS = ("x+{}", "x-{}")
LINES = ("x*{}+{}", "x*{}-{}", "{}-x*{}", "(x+{})*{}", "(x-{})*{}")

_GRAMMAR = re.compile(r"[-+*()x0-9 ]{1,40}", re.ASCII)
_DIGITS = "23456789"
_INPUTS = range(10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expressions(Exercise):
    """Expressions in x with numbers from 2 to 9, of which some visible tests are shown at once.

    One more test determines a sum among its edits, and two determine a line.
    """

    templates: tuple[str, ...]
    shown: int = 0  # visible tests in the opening
    turns: int = 2

    def drawn(self, rng: Random) -> Drawn | None:
        right = rng.choice(self.templates).format(*rng.choices(_DIGITS, k=2))
        buggy = rng.choice(edits(right))
        inputs = rng.sample(_INPUTS, len(_INPUTS))
        tried = [([x], value(right, x), value(buggy, x)) for x in inputs]
        found = chosen(rng, tried)
        if found is None:
            return None
        visible, hidden, told = found
        return Drawn(buggy=buggy, right=right, visible=visible, hidden=hidden, outcomes=told)

    def opening(self, drawn: Drawn) -> str:
        return f"{drawn.buggy}\n{''.join(map(_shown, drawn.visible[: self.shown]))}"

    def guesses(self, buggy: str) -> tuple[str, ...]:
        """Every single edit."""
        return tuple(edits(buggy))

    def read(self, reply: Reply) -> str | None:
        found = move_in(reply, _GRAMMAR)
        return None if found is None else found[0]

    async def run(self, source: str, inputs: Sequence[list[Any]], sandbox: Sandbox) -> list[str]:
        del sandbox
        return [value(source, x) for (x,) in inputs]

    def told(self, visible: Sequence[Test], outcomes: Sequence[str]) -> str:
        pairs = list(zip(visible, outcomes, strict=True))
        later = pairs[self.shown :] + pairs[: self.shown]
        failing = [test for test, outcome in later if test[1] != outcome]
        return _shown(failing[0])


def value(expression: str, x: int) -> str:
    """The value of an expression at x, or what is wrong with it."""
    try:
        return calc(expression.replace("x", f"({x})"))
    except ToolError as error:
        return f"error: {error}"


def edits(expression: str) -> list[str]:
    """All expressions with one other digit, from 2 to 9, or one other sign of + and -."""
    found = list[str]()
    for place, sign in enumerate(expression):
        others = _DIGITS if sign in _DIGITS else "+-" if sign in "+-" else ""
        found += [
            f"{expression[:place]}{other}{expression[place + 1 :]}"
            for other in others
            if other != sign
        ]
    return found


def _shown(test: Test) -> str:
    (x,), right = test
    return f"{x}:{right}\n"

"""Brackets to close, the last one first.

`([{}(=`  →  `1;2;3;2;3;)]);#)])`
"""

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from whet.data.procedural.levels import check_level
from whet.data.procedural.traces import followed, written
from whet.rewards.verifiable.brackets import PAIRS, after
from whet.types import Step, Task

_OPEN = 3  # at least so many brackets are left to close


@dataclass(frozen=True, slots=True, kw_only=True)
class Brackets:
    """A beginning of a well-formed text of brackets; the level is how many signs it has.

    A reply is what closes every open bracket and no more.  On the way, one writes down how many are
    open after each sign.
    """

    levels: ClassVar[tuple[int, int]] = (8, 20)
    alphabet: ClassVar[str] = "0123456789=;#()[]{}<>"

    def draw(self, dice: Random, level: int) -> Task:
        """Sign after sign, opening or closing evenly, until three or more are left open."""
        check_level("brackets", level, self.levels)
        left: list[str] = []
        text = ""
        while len(left) < _OPEN:
            text, left = "", []
            for _ in range(level):
                if left and dice.choice((True, False)):
                    text += left.pop()
                else:
                    sign = dice.choice(list(PAIRS))
                    text += sign
                    left.append(PAIRS[sign])
        prompt = f"{text}="
        info = {"family": "brackets", "level": level, "verifier": "brackets", "begun": text}
        answer = "".join(reversed(left))
        return Task(id=f"brackets/{prompt}", prompt=prompt, answer=answer, info=info)

    def canonical(self, task: Task) -> str:
        """The prompt, its kinds of brackets renamed in the order in which they occur."""
        kinds = list(dict.fromkeys(_opening(sign) for sign in task.info["begun"]))
        signs = (str(kinds.index(_opening(s))) + "+-"[s not in PAIRS] for s in task.info["begun"])
        return "".join(signs)

    def worked(self, task: Task, dice: Random, keep: float = 1.0) -> str:
        """How many are open after each sign, what closes them, and that again as the result."""
        return written(_Reading(left=task.info["begun"]), dice, keep)

    def steps(self, task: Task, reply: str) -> tuple[Step, ...]:
        """Each number, and each closing."""
        return followed(_Reading(left=task.info["begun"]), reply)


def _opening(sign: str) -> str:
    return next(first for first, last in PAIRS.items() if sign in (first, last))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    left: str
    due: str = ""  # what closes the open brackets
    closed: str = ""

    def show(self) -> str:
        return self.closed or str(len(self.due))

    def advance(self) -> "_Reading | None":
        if not self.left:
            return None if self.closed else _Reading(left="", closed=self.due)
        return _Reading(left=self.left[1:], due=after(self.due, self.left[0]) or "")

    def believe(self, shown: str) -> "_Reading":
        """A wrong number changes nothing: the brackets are there to be seen."""
        return self

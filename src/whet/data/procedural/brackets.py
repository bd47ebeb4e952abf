"""Close all open brackets, the last one first.

`([{}(=`  →  `1;2;3;2;3;)]);#)])`
"""

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from whet.data.procedural.levels import check_level
from whet.data.procedural.traces import followed, written
from whet.rewards.verifiable.brackets import PAIRS, after
from whet.types import Step, Task

_OPEN = 3  # least number of brackets left open


@dataclass(frozen=True, slots=True, kw_only=True)
class Brackets:
    """A prefix of a well-formed sequence of brackets; the level is its number of characters.

    A correct reply closes every open bracket and nothing else. Steps are the number of open
    brackets after each character.
    """

    levels: ClassVar[tuple[int, int]] = (8, 20)
    alphabet: ClassVar[str] = "0123456789=;#()[]{}<>"

    def draw(self, rng: Random, level: int) -> Task:
        """Random opening and closing brackets, drawn again until three or more are left open."""
        check_level("brackets", level, self.levels)
        left: list[str] = []
        text = ""
        while len(left) < _OPEN:
            text, left = "", []
            for _ in range(level):
                if left and rng.choice((True, False)):
                    text += left.pop()
                else:
                    sign = rng.choice(list(PAIRS))
                    text += sign
                    left.append(PAIRS[sign])
        prompt = f"{text}="
        info = {"family": "brackets", "level": level, "verifier": "brackets", "begun": text}
        answer = "".join(reversed(left))
        return Task(id=f"brackets/{prompt}", prompt=prompt, answer=answer, info=info)

    def canonical(self, task: Task) -> str:
        """The prompt with its kinds of brackets renamed in order of occurrence."""
        kinds = list(dict.fromkeys(_opening(sign) for sign in task.info["begun"]))
        signs = (str(kinds.index(_opening(s))) + "+-"[s not in PAIRS] for s in task.info["begun"])
        return "".join(signs)

    def worked(self, task: Task, rng: Random, keep: float = 1.0) -> str:
        """The number of open brackets after each character, then the closing ones, twice."""
        return written(_Reading(left=task.info["begun"]), rng, keep)

    def steps(self, task: Task, reply: str) -> tuple[Step, ...]:
        """Check each number and each closing sequence."""
        return followed(_Reading(left=task.info["begun"]), reply)


def _opening(sign: str) -> str:
    return next(first for first, last in PAIRS.items() if sign in (first, last))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    left: str
    due: str = ""  # closing brackets of the open ones
    closed: str = ""

    def show(self) -> str:
        return self.closed or str(len(self.due))

    def advance(self) -> "_Reading | None":
        if not self.left:
            return None if self.closed else _Reading(left="", closed=self.due)
        return _Reading(left=self.left[1:], due=after(self.due, self.left[0]) or "")

    def believe(self, shown: str) -> "_Reading":
        """A wrong number does not change the state, which is visible in the prompt."""
        return self

"""Knights, who always tell the truth, and knaves, who never do.

`a:-b*c|b:c+a|c:-a+b=`  →  `0;0 1;0 1 1;#0 1 1`
"""

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from whet.data.procedural.growth import Solved, followed, grown
from whet.data.procedural.levels import check_level
from whet.data.procedural.truth_tables import assignments, everything, truth
from whet.types import Step, Task

_NAMES = "abcdefgh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Knights:
    """Who is a knight (1), who a knave (0)?  The level is how many people, each says one thing.

    `a:b` is a saying that b is a knight, `-b` that b is a knave, `b*c` that both are what is said
    of them, `b+c` that at least one is.  There is exactly one solution.  A reply is a digit for
    each, in the order of the names.
    """

    levels: ClassVar[tuple[int, int]] = (6, 8)
    alphabet: ClassVar[str] = "01:|*+-=;# " + _NAMES

    def draw(self, dice: Random, level: int) -> Task:
        """Statements about others, drawn until they leave one solution."""
        check_level("knights", level, self.levels)
        names = _NAMES[:level]
        while True:
            said = [f"{name}:{_statement(dice, names.replace(name, ''))}" for name in names]
            prompt = f"{'|'.join(said)}="
            solutions = _solutions(prompt)
            if len(solutions) == 1:
                break
        info = {"family": "knights", "level": level, "verifier": "knights"}
        info |= {"said": prompt.removesuffix("=")}
        answer = " ".join(solutions[0])
        return Task(id=f"knights/{prompt}", prompt=prompt, answer=answer, info=info)

    def canonical(self, task: Task) -> str:
        """The prompt: its names are nothing but places."""
        return str(task.prompt)

    def worked(self, task: Task, dice: Random, keep: float = 1.0) -> str:
        """One person after the other, then all."""
        return grown(task.answer, dice, keep)

    def steps(self, task: Task, reply: str) -> tuple[Step, ...]:
        """Each beginning: is that what the first of them are?"""
        return followed(Solved(answers=_solutions(str(task.prompt))), reply)


def _statement(dice: Random, others: str) -> str:
    count = dice.choice((1, 2, 2))
    names = [dice.choice(("", "-")) + name for name in dice.sample(others, count)]
    return dice.choice("*+").join(names)


def _solutions(prompt: str) -> tuple[tuple[str, ...], ...]:
    """Every assignment under which each statement is as true as its speaker."""
    said = [entry.split(":") for entry in prompt.removesuffix("=").split("|")]
    count = len(said)
    table = everything(count)
    for name, statement in said:
        table &= everything(count) ^ truth(name, count) ^ truth(statement, count)
    return assignments(table, count)

"""Knights always tell the truth, knaves never do.

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
    """Find the knights (1) and knaves (0) from their statements; the level is their number.

    `a:b` means that a says that b is a knight, `-b` that b is a knave, `b*c` that both hold, `b+c`
    that at least one holds. There is exactly one solution. A reply is one digit per person, in
    alphabetical order.
    """

    levels: ClassVar[tuple[int, int]] = (6, 8)
    alphabet: ClassVar[str] = "01:|*+-=;# " + _NAMES

    def draw(self, rng: Random, level: int) -> Task:
        """Random statements about others, drawn again until there is one solution."""
        check_level("knights", level, self.levels)
        names = _NAMES[:level]
        while True:
            said = [f"{name}:{_statement(rng, names.replace(name, ''))}" for name in names]
            prompt = f"{'|'.join(said)}="
            solutions = _solutions(prompt)
            if len(solutions) == 1:
                break
        info = {"family": "knights", "level": level, "verifier": "knights"}
        info |= {"said": prompt.removesuffix("=")}
        answer = " ".join(solutions[0])
        return Task(id=f"knights/{prompt}", prompt=prompt, answer=answer, info=info)

    def canonical(self, task: Task) -> str:
        """The prompt itself, because names denote positions."""
        return str(task.prompt)

    def worked(self, task: Task, rng: Random, keep: float = 1.0) -> str:
        """The prefixes of the solution, then the solution."""
        return grown(task.answer, rng, keep)

    def steps(self, task: Task, reply: str) -> tuple[Step, ...]:
        """Check each prefix against the solution."""
        return followed(Solved(answers=_solutions(str(task.prompt))), reply)


def _statement(rng: Random, others: str) -> str:
    count = rng.choice((1, 2, 2))
    names = [rng.choice(("", "-")) + name for name in rng.sample(others, count)]
    return rng.choice("*+").join(names)


def _solutions(prompt: str) -> tuple[tuple[str, ...], ...]:
    """Every assignment in which each statement is as true as its speaker."""
    said = [entry.split(":") for entry in prompt.removesuffix("=").split("|")]
    count = len(said)
    table = everything(count)
    for name, statement in said:
        table &= everything(count) ^ truth(name, count) ^ truth(statement, count)
    return assignments(table, count)

"""Boolean satisfiability: three literals to a clause.

`a+-b+c|-a+c+d|b+-c+-d=`  →  `1;1 0;1 0 1;1 0 1 0;#1 0 1 0`
"""

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from whet.data.procedural.growth import Solved, followed, grown
from whet.data.procedural.levels import check_level
from whet.data.procedural.truth_tables import assignments, everything, truth
from whet.types import Step, Task

_NAMES = "abcdefghi"
_RARE = 64  # at most one assignment in so many satisfies a formula


@dataclass(frozen=True, slots=True, kw_only=True)
class Sat:
    """Which values make every clause true?  The level is how many variables.

    Literals of a clause are joined by `+`, clauses by `|`, `-` negates.  A reply is 0 or 1 for each
    variable, in the order of the alphabet.  Few assignments satisfy: at most 1 in 64.
    """

    levels: ClassVar[tuple[int, int]] = (6, 9)
    alphabet: ClassVar[str] = "01|+-=;# " + _NAMES

    def draw(self, dice: Random, level: int) -> Task:
        """Clauses that a hidden assignment satisfies and some other doesn't, until few are left."""
        check_level("sat", level, self.levels)
        names = _NAMES[:level]
        hidden = [dice.choice(("", "-")) + name for name in names]
        hope, left = truth("*".join(hidden), level), everything(level)
        clauses: list[str] = []
        while left.bit_count() > max(1, 2**level // _RARE):
            signed = [dice.choice(("", "-")) + name for name in sorted(dice.sample(names, 3))]
            clause = "+".join(signed)
            if truth(clause, level) & hope and left & ~truth(clause, level):
                clauses.append(clause)
                left &= truth(clause, level)
        prompt = f"{'|'.join(clauses)}="
        info = {"family": "sat", "level": level, "verifier": "sat", "variables": level}
        info |= {"clauses": prompt.removesuffix("=")}
        answer = " ".join("0" if literal.startswith("-") else "1" for literal in hidden)
        return Task(id=f"sat/{prompt}", prompt=prompt, answer=answer, info=info)

    def canonical(self, task: Task) -> str:
        """The clauses in order; the variables are nothing but places."""
        return "|".join(sorted(str(task.info["clauses"]).split("|")))

    def worked(self, task: Task, dice: Random, keep: float = 1.0) -> str:
        """One variable after the other, then all."""
        return grown(task.answer, dice, keep)

    def steps(self, task: Task, reply: str) -> tuple[Step, ...]:
        """Each beginning: does some assignment that satisfies begin so?"""
        table, count = everything(task.info["variables"]), task.info["variables"]
        for clause in str(task.info["clauses"]).split("|"):
            table &= truth(clause, count)
        return followed(Solved(answers=assignments(table, count)), reply)

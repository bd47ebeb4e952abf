"""Boolean satisfiability with three literals per clause.

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
_RARE = 64  # at most one assignment in 64 satisfies a formula


@dataclass(frozen=True, slots=True, kw_only=True)
class Sat:
    """Find values that make every clause true; the level is the number of variables.

    Literals of a clause are joined by `+`, clauses by `|`, and `-` negates. A reply is 0 or 1 per
    variable, in alphabetical order. At most 1 in 64 assignments satisfies a formula.
    """

    levels: ClassVar[tuple[int, int]] = (6, 9)
    alphabet: ClassVar[str] = "01|+-=;# " + _NAMES

    def draw(self, rng: Random, level: int) -> Task:
        """Random clauses that a hidden assignment satisfies, until few other ones do."""
        check_level("sat", level, self.levels)
        names = _NAMES[:level]
        hidden = [rng.choice(("", "-")) + name for name in names]
        hope, left = truth("*".join(hidden), level), everything(level)
        clauses: list[str] = []
        while left.bit_count() > max(1, 2**level // _RARE):
            signed = [rng.choice(("", "-")) + name for name in sorted(rng.sample(names, 3))]
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
        """The sorted clauses; names of variables denote positions."""
        return "|".join(sorted(str(task.info["clauses"]).split("|")))

    def worked(self, task: Task, rng: Random, keep: float = 1.0) -> str:
        """The prefixes of the answer, then the answer."""
        return grown(task.answer, rng, keep)

    def steps(self, task: Task, reply: str) -> tuple[Step, ...]:
        """Check whether some satisfying assignment starts with each prefix."""
        table, count = everything(task.info["variables"]), task.info["variables"]
        for clause in str(task.info["clauses"]).split("|"):
            table &= truth(clause, count)
        return followed(Solved(answers=assignments(table, count)), reply)

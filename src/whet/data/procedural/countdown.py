"""Family C: reach the target with the numbers, each of them used once.

`3,5,7>26:`  →  `3*7=21;21+5=26;#3*7+5`
"""

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import permutations
from random import Random
from typing import ClassVar

from whet.data.procedural.arithmetic import Equation, equations
from whet.data.procedural.levels import check_level
from whet.data.procedural.spelling import entries
from whet.rewards.verifiable.countdown_solutions import solution
from whet.types import Step, Task

_LARGEST = 12  # of the numbers
_MOST = 99  # largest intermediate result
_EQUATION = re.compile(r"([0-9]{1,6})([-+*/])([0-9]{1,6})=([0-9]{1,6})")
_STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "number": 3}

Pool = tuple[Fraction, ...]
"""The numbers that are still unused, sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown:
    """Numbers from 1 to 12 and a target up to 99; the level is the number of numbers, 3 or 4.

    The target is computed from the numbers, so there is at least one solution.
    """

    levels: ClassVar[tuple[int, int]] = (3, 4)
    alphabet: ClassVar[str] = "0123456789,>:;#+-*/=()"

    def draw(self, rng: Random, level: int) -> Task:
        """Combine two of the numbers until one is left; every result is a positive integer."""
        check_level("countdown", level, self.levels)
        numbers, target, solution = _problem(rng, level)
        prompt = f"{','.join(map(str, numbers))}>{target}:"
        info = {"family": "countdown", "level": level, "verifier": "countdown"}
        info |= {"numbers": numbers, "target": target}
        return Task(id=f"countdown/{prompt}", prompt=prompt, answer=solution, info=info)

    def canonical(self, task: Task) -> str:
        """The sorted numbers and the target."""
        numbers, target = _given(task)
        return f"{','.join(str(n) for n in sorted(numbers))}>{target}"

    def worked(self, task: Task, rng: Random, keep: float = 1.0) -> str:
        """The equations of one solution, then its expression."""
        kept = [str(e) for e in equations(task.answer) or [] if rng.random() < keep]
        return ";".join([*kept, f"#{task.answer}"])

    def steps(self, task: Task, reply: str) -> tuple[Step, ...]:
        """Check that each equation is true and uses available numbers.

        A number is available if it is unused, or can be computed from unused ones by equations that
        were left out. A wrong result becomes available like a right one.
        """
        numbers, _ = _given(task)
        pools = {tuple(sorted(map(Fraction, numbers)))}
        steps: list[Step] = []
        for start, end, said in entries(reply):
            equation = _EQUATION.fullmatch("".join(said.split()))
            if equation:
                correct, pools = _used(pools, Equation.read(*equation.groups()))
            else:
                correct = "#" in said and _solves(said.rpartition("#")[2], task)
            steps.append(Step(start=start, end=end, correct=correct))
        return tuple(steps)


def _given(task: Task) -> tuple[list[int], int]:
    return task.info["numbers"], task.info["target"]


def _problem(rng: Random, level: int) -> tuple[list[int], int, str]:
    while True:
        numbers = [rng.randint(1, _LARGEST) for _ in range(level)]
        made = _combined(rng, numbers)
        if made is not None:
            return numbers, *made


def _combined(rng: Random, numbers: list[int]) -> tuple[int, str] | None:
    """One number made from all, and its expression; None if the random choices led nowhere."""
    terms = [(n, str(n), _STRENGTH["number"]) for n in numbers]
    while len(terms) > 1:
        rng.shuffle(terms)
        (a, left, left_strength), (b, right, right_strength), *rest = terms
        results = {"+": a + b, "-": a - b, "*": a * b, "/": a // b if a % b == 0 else 0}
        signs = [sign for sign, result in results.items() if 0 < result <= _MOST]
        if not signs:
            return None
        sign = rng.choice(signs)
        left = f"({left})" if left_strength < _STRENGTH[sign] else left
        right = f"({right})" if right_strength <= _STRENGTH[sign] else right
        terms = [*rest, (results[sign], f"{left}{sign}{right}", _STRENGTH[sign])]
    return terms[0][0], terms[0][1]


def _solves(text: str, task: Task) -> bool:
    try:
        found = solution(text, task.info)
    except ZeroDivisionError:
        return False
    return found is not None and found[1]


def _used(pools: set[Pool], equation: Equation) -> tuple[bool, set[Pool]]:
    """Whether an equation is correct, and the possible pools after it."""
    operands = (equation.left, equation.right)
    ready = {state for pool in pools for state in _reachable(pool) if _holds(state, operands)}
    correct = bool(ready) and equation.true
    left = {_without(pool, operands) for pool in (ready if correct else pools)}
    return correct, {tuple(sorted((*pool, equation.result))) for pool in left}


def _holds(pool: Pool, operands: tuple[Fraction, Fraction]) -> bool:
    return Counter(operands) <= Counter(pool)


def _without(pool: Pool, operands: tuple[Fraction, ...]) -> Pool:
    return tuple(sorted((Counter(pool) - Counter(operands)).elements()))


@lru_cache(maxsize=4096)
def _reachable(pool: Pool) -> frozenset[Pool]:
    """Every pool that equations which were left out may have produced."""
    found = {pool}
    for a, b in set(permutations(pool, 2)) if pool[2:] else ():
        rest = _without(pool, (a, b))
        for result in {a + b, a - b, a * b} | ({a / b} if b else set()):
            found |= _reachable(tuple(sorted((*rest, result))))
    return frozenset(found)

"""The world `repair_function`: replies are tried, and failing tests come back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from string import printable
from typing import ClassVar

from whet.environments.code.repair_function.exercise import HIDDEN, Drawn, Exercise
from whet.environments.code.repair_function.expressions import (
    LINES,
    SUMS,
    Expressions,
    edits,
    value,
)
from whet.environments.code.repair_function.feedback import Feedback, OwnTests
from whet.environments.code.repair_function.functions import Functions
from whet.environments.levels import check_level
from whet.protocols import Bot, Policy, World
from whet.sandbox import Safest, Sandbox
from whet.types import Finish, Prompt, Reason, Task, Verdict

_EXERCISES: dict[int, Exercise] = {
    1: Expressions(templates=SUMS),
    2: Expressions(templates=LINES, shown=1),
    3: Functions(bugs=1),
    4: Functions(bugs=2),
}
_TEST = re.compile(r"(\d+):(-?\d+)")  # as an observation tells it


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairFunction(World):
    """A function with a bug, 3 visible tests, and 5 hidden ones.

    A reply is the repaired source.  If it fails visible tests, these come back, and the next reply
    is a new attempt.  The play ends with the last turn, or when all visible tests pass.  The score
    is the share of hidden tests that the last attempt passes, and it is correct if it passes all
    tests.  `parts` has the share of the `first` attempt, and the number of `attempts`.

    | level | source | turns | feedback |
    |---|---|---|---|
    | 1 | `x+a` or `x-a`, such as `x-3`, with a wrong digit or sign | 2 | `4:1` |
    | 2 | a line in x, such as `x*2-3` or `(x+3)*2`, likewise | 2 | `4:11` |
    | 3 | a function of one of 40 templates, with one bug | 3 | `f(4) is 11, not 5` |
    | 4 | the same, with two bugs | 3 | `f(4) is 11, not 5` |

    At levels 1 and 2 a reply is an expression of digits, x, + - * and parentheses, which is
    calculated without running a program; any other reply ends the play as illegal.  One test that
    the attempt fails comes back.  At level 1 the first attempt can only guess, and the test says
    what is right.  At level 2 the opening shows a visible test besides, as `2:7`, and a second one
    determines the line; the test that comes back is another one, if the attempt fails another.

    At levels 3 and 4 a reply is a program that defines `f`, perhaps in a fenced block.  It runs in
    the sandbox once, and gets the arguments of all tests, but no right value.  Bugs are other
    operators, bounds, orders and base cases.  The bug fails at least 2 hidden tests, and no hidden
    test has the value of a visible one, so a table of the visible tests earns nothing.  The source
    as it was passes .09 of the hidden tests at level 3 and .03 at level 4, and earns that.

    A failure of the sandbox is a fault.
    """

    levels: ClassVar[tuple[int, int]] = (1, 4)
    alphabet: ClassVar[str] = printable[:95] + "\n"
    shown: ClassVar[frozenset[str]] = frozenset({"buggy"})
    rules: str = (
        "This has a bug. Reply with the repaired source. If it fails tests, they come back, and "
        "you try again.\n"
    )  # put before the source; "" for a small model
    feedback: Feedback = OwnTests()
    sandbox: Sandbox = Safest()

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        exercise = _EXERCISES[level]
        drawn = _drawn(exercise, rng)
        info = {"world": "repair_function", "level": level, "turns": exercise.turns}
        tests = {"visible": drawn.visible, "hidden": drawn.hidden}
        told = exercise.told(drawn.visible, drawn.outcomes)
        seed = rng.randrange(2**32)
        return Task(
            id=f"repair_function/{level}/{seed}",
            prompt=f"{self.rules}{exercise.opening(drawn)}",
            answer=drawn.right,
            info=info | tests | {"buggy": drawn.buggy, "told": told, "others": seed},
        )

    def canonical(self, task: Task) -> str:
        info = task.info
        return (
            f"repair_function/{info['buggy']}/{info['visible']}/{info['hidden']}/{info['others']}"
        )

    async def play(self, task: Task, policy: Policy) -> Verdict:
        exercise, visible = _EXERCISES[task.info["level"]], task.info["visible"]
        tests = [*visible, *task.info["hidden"]]
        inputs, wanted = [test[0] for test in tests], [test[1] for test in tests]
        observation: Prompt = task.prompt
        guesses, shares = exercise.guesses(task.info["buggy"]), list[float]()
        for turn in range(task.info["turns"]):
            source = exercise.read(await policy(observation, options=guesses))
            if source is None:
                illegal = Verdict.failure(Reason.BAD_FORMAT, finish=Finish.ILLEGAL)
                return replace(illegal, parts=_parts(shares))
            got = await exercise.run(source, inputs, self.sandbox)
            passed = [one == other for one, other in zip(got, wanted, strict=True)]
            shares.append(sum(passed[-HIDDEN:]) / HIDDEN)
            if all(passed[:-HIDDEN]):
                won = Verdict.points(shares[-1], correct=all(passed))
                return replace(won, parts=_parts(shares))
            own = exercise.told(visible, got[:-HIDDEN])
            observation = f"\n{self.feedback.told(own, partial(self._other, task, turn))}"
        lost = Verdict.points(shares[-1], correct=False, finish=Finish.TURNS)
        return replace(lost, parts=_parts(shares))

    def _other(self, task: Task, turn: int) -> str:
        """What the bug of another task would be told."""
        rng = Random(f"{task.info['others']}/{turn}")
        return self.draw(rng, task.info["level"]).info["told"]

    def expert(self, task: Task, rng: Random) -> Bot:
        """An edit that agrees with all tests shown so far; the source as it is, to see one.

        From level 3 on it is the right source.
        """
        tests, left = list[tuple[str, str]](), edits(task.info["buggy"])

        async def repair(observation: Prompt, options: Sequence[str]) -> str:
            nonlocal left
            del options
            if not isinstance(_EXERCISES[task.info["level"]], Expressions):
                return task.answer
            tests.extend(_TEST.findall(str(observation)))
            if not tests:
                return task.info["buggy"]
            left = [one for one in left if all(_agrees(one, *test) for test in tests)]
            return rng.choice(left or edits(task.info["buggy"]))  # others' tests agree with none

        return repair


def _agrees(expression: str, x: str, right: str) -> bool:
    return value(expression, int(x)) == right


def _drawn(exercise: Exercise, rng: Random) -> Drawn:
    """The first of many draws that has tests."""
    while (drawn := exercise.drawn(rng)) is None:
        pass
    return drawn


def _parts(shares: Sequence[float]) -> dict[str, float]:
    return {"first": shares[0], "attempts": float(len(shares))} if shares else {}

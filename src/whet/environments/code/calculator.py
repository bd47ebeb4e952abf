"""Calculator: values are looked up in a table, and calculated with."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from string import printable
from typing import ClassVar

from whet.calls.shipped.calc import calc
from whet.calls.shipped.lookup import Lookup
from whet.environments.levels import check_level
from whet.environments.moves import move_in
from whet.environments.tool_talk import overspent, quick, talk
from whet.protocols import Bot, Policy, World
from whet.types import Finish, Prompt, Reason, Task, UsageError, Verdict

_ANSWER = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_VALUE = re.compile(r'\{"v": (\d+)\}')
_CALC = quick(calc)
_ROWS = 512  # of a table
_VALUES = range(10, 100)
_GUESSES = tuple(map(str, _VALUES[::2]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculator(World):
    """A question about the values of a table of 512 rows, which every task draws anew.

    The tools are `lookup("k12")`, which answers `{"v": 37}`, and `calc("37+5")`, which answers
    `42`.  In plain text a call stands alone on a line.  Any other reply is the answer: a
    number, or it ends the play as illegal.  The score is 1 for the right number, else 0; the number
    of calls is not scored.

    The level is the least number of calls: 1 asks for a value (`k12?`), 2 for a value and a number
    (`k12+45?`), and 3 for two values (`k12*k7?`).  The operator is one of + - *.  Values and
    numbers are drawn evenly from 10 to 99.

    `calls` limits the calls of a play.  With 0 there are no tools.  Then no policy can know the
    values, and the best guess at level 1 is right in 1 of 90 plays.

    Raises `UsageError` for a negative limit.
    """

    levels: ClassVar[tuple[int, int]] = (1, 3)
    alphabet: ClassVar[str] = printable[:95] + "\n"
    shown: ClassVar[frozenset[str]] = frozenset({"question"})
    rules: str = (
        'Find the number. lookup("k12") gives the value v of a key, and calc("37+5") calculates. '
        "Reply with one such call, or with the answer alone.\n"
    )  # put before the question; "" for a small model
    calls: int = 8

    def __post_init__(self) -> None:
        if self.calls < 0:
            raise UsageError(f"calculator.calls is {self.calls}; give 0 or more")

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        seed = rng.randrange(2**32)
        terms = [f"k{key}" for key in rng.sample(range(_ROWS), 2)]
        if level == 1:
            terms = terms[:1]
        elif level == 2:  # noqa: PLR2004  (the level of two calls)
            terms[1] = str(rng.choice(_VALUES))
        question = rng.choice("+-*").join(terms)
        values = table(seed)
        known = re.sub(r"k\d+", lambda key: str(values[key[0]]), question)
        info = {"world": "calculator", "level": level, "turns": self.calls + 2}
        return Task(
            id=f"calculator/{level}/{question}/{seed}",
            prompt=f"{self.rules}{question}?\n",
            answer=calc(known),
            info=info | {"question": question, "table": seed},
        )

    def canonical(self, task: Task) -> str:
        return f"calculator/{task.info['question']}/{task.info['table']}"

    async def play(self, task: Task, policy: Policy) -> Verdict:
        told = replace(task, info={"tables": {"v": table(task.info["table"])}})
        tools = (quick(Lookup(told).lookup), _CALC)
        reply = (await talk(task, policy, tools, self.calls, guesses=_GUESSES)).reply
        if reply is None:
            return overspent()
        found = move_in(reply, _ANSWER)
        if found is None:
            return Verdict.failure(Reason.BAD_FORMAT, finish=Finish.ILLEGAL)
        return Verdict.binary(correct=int(found[0]) == int(task.answer), note=found[0])

    def expert(self, task: Task, rng: Random) -> Bot:
        """Looks the values up, calculates with them, and repeats the result."""
        del rng
        question = task.info["question"]

        async def solve(observation: Prompt, options: Sequence[str]) -> str:
            nonlocal question
            del options
            told = str(observation)
            value = _VALUE.search(told)
            if value is not None:
                question = re.sub(r"k\d+", value[1], question, count=1)
            key = re.search(r"k\d+", question)
            if key is not None:
                return f'lookup("{key[0]}")'
            if value is None:
                return told.strip()
            return question if question.isdigit() else f'calc("{question}")'

        return solve


def table(seed: int) -> dict[str, int]:
    """The values of a table by key."""
    values = Random(seed).choices(_VALUES, k=_ROWS)
    return {f"k{key}": value for key, value in enumerate(values)}

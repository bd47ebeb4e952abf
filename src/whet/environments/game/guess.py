"""Guess a number: each guess is answered by “higher” or “lower”."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from whet.environments.levels import check_level
from whet.environments.moves import move_in
from whet.protocols import Bot, Policy, World
from whet.types import Finish, Prompt, Reason, Task, Verdict

_GUESS = re.compile(r"[0-9]{1,4}\.?")
_LISTED = 6  # the highest level whose numbers are listed as options


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess(World):
    """A number from 1 to 2ⁿ − 1 in n guesses, at level n; halving always finds it.

    A reply is a number, perhaps with a full stop.  The answer is `>` if the secret is higher and
    `<` if it is lower.  The score is 1 for the secret, else 0; another reply ends the play.
    """

    levels: ClassVar[tuple[int, int]] = (2, 10)
    alphabet: ClassVar[str] = "0123456789.?<>\n"
    splits: ClassVar[bool] = False
    rules: str = (
        "Guess my number. I answer > if it is higher and < if it is lower. Reply with a number "
        "alone. You have as many guesses as halving needs.\n"
    )  # put before the first observation; "" for a small model

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        secret = rng.randrange(1, 2**level)
        return Task(
            id=f"guess/{level}/{secret}",
            prompt=f"{self.rules}1..{2**level - 1}?\n",
            info={"world": "guess", "level": level, "turns": level, "secret": secret},
        )

    def canonical(self, task: Task) -> str:
        return f"guess/{task.info['level']}/{task.info['secret']}"

    async def play(self, task: Task, policy: Policy) -> Verdict:
        observation: Prompt = task.prompt
        secret, low, high = task.info["secret"], 1, 2 ** task.info["level"] - 1
        legal = [f"{n}." for n in range(1, high + 1)] if task.info["level"] <= _LISTED else []
        for _ in range(task.info["turns"]):
            reply = await policy(observation, options=legal, state=f"{low}..{high}")
            found = move_in(reply, _GUESS)
            if found is None:
                return Verdict.failure(Reason.BAD_FORMAT, finish=Finish.ILLEGAL)
            guess = int(found[0].rstrip("."))
            if guess == secret:
                return Verdict.binary(correct=True)
            if guess < secret:
                observation, low = "\n>\n", max(low, guess + 1)
            else:
                observation, high = "\n<\n", min(high, guess - 1)
        return Verdict.binary(correct=False, finish=Finish.TURNS)

    def expert(self, task: Task, rng: Random) -> Bot:
        """Halving, which finds any number in n guesses."""
        del rng
        low, high = 1, 2 ** task.info["level"] - 1
        guess = 0

        async def halve(observation: Prompt, options: Sequence[str]) -> str:
            nonlocal low, high, guess
            if guess and ">" in str(observation):
                low = max(low, guess + 1)
            elif guess:
                high = min(high, guess - 1)
            guess = int(options[0].rstrip(".")) if len(options) == 1 else (low + high) // 2
            return f"{guess}."

        return halve

"""Mastermind: a code is found by guesses; each is answered by black and white pegs."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import ClassVar

from whet.environments.levels import check_level
from whet.environments.moves import move_in
from whet.protocols import Bot, Policy, World
from whet.types import Finish, Prompt, Reason, Task, Verdict

_SIZES = {1: (2, 4, 4), 2: (3, 4, 6), 3: (3, 6, 6), 4: (4, 6, 8)}  # positions, colours, turns
_FIRST = {2: "12", 3: "123", 4: "1122"}  # by positions: first guesses that split the codes well
_LISTED = 64  # codes, at most, that are listed as options
_TRIED = 24  # consistent codes, at most, among which the expert looks for the best


@dataclass(frozen=True, slots=True, kw_only=True)
class Mastermind(World):
    """A secret code of p digits from 1 to k, to be guessed in t turns.

    A reply is a code, `[1-k]{p}`.  The answer has a `+` for each digit in its place, a `-` for each
    further digit that occurs in another place, and `.` if there is neither.  Levels 1 to 4 have
    (p, k, t) = (2, 4, 4), (3, 4, 6), (3, 6, 6) and (4, 6, 8).  The score is 1 for the secret, else
    0; another reply ends the play.

    By level, random codes have .22, .10, .02 and .007 (2,000 plays each); the expert has 1.00 (300
    plays each, and every code of levels 1 and 2).
    """

    levels: ClassVar[tuple[int, int]] = (1, 4)
    alphabet: ClassVar[str] = "0123456789+-.?\n "
    rules: str = (
        "Guess my secret code. I answer with a + for each digit that is in its place, a - for each "
        "further digit that belongs elsewhere, and . if there are none. Reply with a code alone. "
        "First come the lowest and highest code, then your number of guesses.\n"
    )  # put before the first observation; "" for a small model

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        positions, colours, turns = _SIZES[level]
        secret = "".join(rng.choices(_digits(colours), k=positions))
        info = {"world": "mastermind", "level": level, "turns": turns, "secret": secret}
        return Task(
            id=f"mastermind/{level}/{secret}",
            prompt=f"{self.rules}{'1' * positions}-{str(colours) * positions} {turns}?\n",
            info=info | {"positions": positions, "colours": colours},
        )

    def canonical(self, task: Task) -> str:
        return f"mastermind/{task.info['level']}/{task.info['secret']}"

    async def play(self, task: Task, policy: Policy) -> Verdict:
        observation: Prompt = task.prompt
        secret, positions, colours = (task.info[n] for n in ("secret", "positions", "colours"))
        grammar = re.compile(f"[1-{colours}]{{{positions}}}")
        options = codes(positions, colours) if colours**positions <= _LISTED else ()
        known = ""  # all guesses and answers: the state
        for _ in range(task.info["turns"]):
            found = move_in(await policy(observation, options=options, state=known), grammar)
            if found is None:
                return Verdict.failure(Reason.BAD_FORMAT, finish=Finish.ILLEGAL)
            if found[0] == secret:
                return Verdict.binary(correct=True)
            marks = marks_of(secret, found[0])
            observation, known = f"\n{marks}\n", f"{known}{found[0]}{marks} "
        return Verdict.binary(correct=False, finish=Finish.TURNS)

    def expert(self, task: Task, rng: Random) -> Bot:
        """Guesses codes that agree with all answers, such that the next answer says most."""
        positions, colours = task.info["positions"], task.info["colours"]
        left = codes(positions, colours)
        guess = ""

        async def narrow(observation: Prompt, options: Sequence[str]) -> str:
            nonlocal left, guess
            if guess:
                answer = str(observation).strip()
                left = tuple(code for code in left if marks_of(code, guess) == answer)
            if len(options) == 1:
                guess = options[0]
            else:
                guess = _splitting(left, rng) if guess else _FIRST[positions]
            return guess

        return narrow


def marks_of(secret: str, guess: str) -> str:
    """The answer to a guess."""
    black = sum(map(str.__eq__, secret, guess))
    common = (Counter(secret) & Counter(guess)).total()
    return "+" * black + "-" * (common - black) or "."


def codes(positions: int, colours: int) -> tuple[str, ...]:
    """All codes, in order."""
    return tuple(map("".join, product(_digits(colours), repeat=positions)))


def _digits(colours: int) -> str:
    return "123456789"[:colours]


def _splitting(left: Sequence[str], rng: Random) -> str:
    """The code, of a few, whose largest set of codes with one answer is smallest."""
    tried = rng.sample(left, min(_TRIED, len(left)))
    return min(tried, key=lambda guess: max(Counter(marks_of(c, guess) for c in left).values()))

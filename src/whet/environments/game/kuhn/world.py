"""Kuhn poker: three cards, one bet, for two seats."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from whet.environments.game.kuhn.exploitability import DEALS, ended, equilibrium, payoff
from whet.environments.game.zero_sum import forfeit, settle
from whet.environments.levels import check_level
from whet.environments.moves import move_in
from whet.protocols import Bot, Policy, World
from whet.types import Prompt, Task

_WORD = re.compile(r"[pb]", re.ASCII | re.IGNORECASE)
_MOST = 2  # chips that a seat can win or lose
_ALPHA = 1 / 3  # of the expert's equilibrium, in which the first seat always bets a king


@dataclass(frozen=True, slots=True, kw_only=True)
class Kuhn(World):
    """One card for each seat, of J < Q < K; both put in a chip, and one more may be bet.

    A reply is `p` (check, or fold after a bet) or `b` (bet, or call).  A seat sees its own card,
    then all that was said since its last move.  The deal comes from the luck of the task.

    A seat's score is what it wins, in halves of a chip: ±1/2 without a called bet, ±1 with one.  A
    seat that replies anything else has −1.  The game is worth −1/18 chips to the first seat.
    `exploitability` judges a strategy exactly, from its probabilities at the 12 information sets.

    Random players have a mean of +.064 as first, which is 1/8 of a chip; the expert has +.081 as
    first and +.080 as second against them (20,000 plays each, standard error .005).
    """

    levels: ClassVar[tuple[int, int]] = (1, 1)
    bounds: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    alphabet: ClassVar[str] = "JQKpb:\n"
    seats: ClassVar[tuple[str, ...]] = ("first", "second")
    rules: str = (
        "Kuhn poker. Both of us have one chip in the pot and one card of J, Q and K. Reply with a "
        "letter alone: b to bet a chip or call a bet, p to check or fold. After a called bet, or "
        "two checks, the higher card wins. Your card, and what I said:\n"
    )  # put before a seat's first observation; "" for a small model

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        luck = rng.getrandbits(32)
        info = {"world": "kuhn", "level": level, "turns": 2, "luck": luck}
        return Task(id=f"kuhn/{luck}", prompt=f"{self.rules}:\n", info=info)

    def canonical(self, task: Task) -> str:
        return f"kuhn/{task.info['luck']}"

    async def play(self, task: Task, policy: Policy) -> None:
        deal, said = deal_of(task), ""
        rules = str(task.prompt).removesuffix(":\n")
        while not ended(said):
            seat = len(said) % 2
            heard = f":{said[-1]}\n" if said else "\n"
            observation = f"{rules}{deal[seat]}{heard}" if len(said) < len(deal) else f"\n{heard}"
            asked = policy.seat(self.seats[seat])
            reply = await asked(observation, options=("p", "b"), state=deal[seat] + said)
            found = move_in(reply, _WORD)
            if found is None:
                return forfeit(policy, self.seats, self.seats[seat])
            said += found[0].lower()
        return settle(policy, self.seats, payoff(deal, said) / _MOST)

    def expert(self, task: Task, rng: Random) -> Bot:
        """An equilibrium: it never loses in the mean, but does not win where a win is possible."""
        del task
        strategy = equilibrium(_ALPHA)
        held = ""

        async def mix(observation: Prompt, options: Sequence[str]) -> str:
            nonlocal held
            del options
            seen = str(observation).strip("\n").split("\n")[-1]
            held, name = (held, f"{held}pb") if held else (seen[0], seen.replace(":", ""))
            return "b" if rng.random() < strategy[name] else "p"

        return mix


def deal_of(task: Task) -> str:
    """The cards of the first and of the second seat."""
    return Random(f"{task.info['luck']}/deal").choice(DEALS)

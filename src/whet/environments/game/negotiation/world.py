"""Negotiation: two seats share a pool of goods that they value differently."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import ClassVar

from whet.environments.game.negotiation.shares import (
    WORTH,
    Goods,
    common,
    drawn,
    pareto,
    rest,
    shares,
    value,
    worths,
    written,
)
from whet.environments.levels import check_level
from whet.environments.moves import move_in
from whet.protocols import Bot, Policy, World
from whet.types import Finish, Prompt, Reason, Reply, Task, Verdict

_ACCEPT = "accept"
_MOVE = re.compile(
    r"accept|offer ([0-9]) ([0-9]) ([0-9])(?:: ([ -~]{1,60}))?", re.ASCII | re.IGNORECASE
)
_ROUNDS = 6
_ASKED = (8, 8, 7, 6, 5, 5)  # the least that the expert asks in each round, and then takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiation(World):
    """Goods of three kinds, worth 10 in all to each seat; each knows its own values alone.

    A reply is `offer a b c`, where the speaker keeps a, b and c goods and leaves the rest, perhaps
    with a message behind it (`offer 1 0 2: take it`, at most 60 characters), or it is `accept`.
    The other seat hears the words of the offer.  A message may be a lie.  The seats speak in turn,
    six times each, the first one first.  Levels 1, 2 and 3 have 3–4, 5–6 and 7–9 goods.  A way to
    share them with 5 or more for both always exists.

    A seat's score is a tenth of the value of its goods, and 0 without a deal; an illegal reply ends
    the play without one.  `correct` says that it has 5 or more.  The verdict's parts are 1 or 0 for
    `deal`, and for `pareto`: with other shares of the pool, no seat has more unless the other has
    less.

    By level, two random players have .30, .19 and .11 each, with deals in .60, .39 and .22 of 2,000
    plays.  Two experts have .73, .75 and .75, with deals in .99 or more of 300 plays, of which .85,
    .82 and .74 are efficient.
    """

    levels: ClassVar[tuple[int, int]] = (1, 3)
    alphabet: ClassVar[str] = "0123456789 abcdefghijklmnopqrstuvwxyz:.\n"
    seats: ClassVar[tuple[str, ...]] = ("first", "second")
    rules: str = (
        "Share a pool of goods with me. There are three kinds; you see how many of each the pool "
        "has, and what one of each is worth to you. My values differ from yours. Reply with `offer "
        "a b c`, which are the goods that you keep, or with `accept`, which takes my last offer. A "
        "message may follow an offer: `offer 1 0 2: as you like`. Each of us speaks six times; "
        "without a deal both have nothing.\n"
    )  # put before a seat's first observation; "" for a small model

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        pool, values = drawn(rng, level)
        info = {"world": "negotiation", "level": level, "turns": _ROUNDS}
        info |= {"pool": pool, "values": values}
        goods = "/".join(map(written, (pool, *values))).replace(" ", "")
        return Task(
            id=f"negotiation/{level}/{goods}",
            prompt=f"{self.rules}pool {written(pool)}\n",
            info=info,
        )

    def canonical(self, task: Task) -> str:
        return f"negotiation/{task.info['pool']}/{task.info['values']}"

    async def play(self, task: Task, policy: Policy) -> None:
        pool, values = task.info["pool"], task.info["values"]
        kept: Goods | None = None  # by the seat that made the last offer
        heard, heads = "", {name: f"{task.prompt}worth " for name in self.seats}
        for turn in range(len(self.seats) * task.info["turns"]):
            name, own = self.seats[turn % 2], values[turn % 2]
            head = f"{heads.pop(name)}{written(own)}\n" if name in heads else "\n"
            reply = await policy.seat(name)(head + heard, options=_options(pool, kept))
            move = _move(reply, pool, kept)
            if move is None:
                return _without_deal(policy, self.seats, illegal=name)
            if kept is not None and move == _ACCEPT:
                share = rest(pool, kept) if name == self.seats[0] else kept
                return _deal(policy, self.seats, share, task)
            kept, heard = _kept(move), f"{move}\n"
        return _without_deal(policy, self.seats)

    def expert(self, task: Task, rng: Random) -> Bot:
        """Asks for less in each round, and for what the other seat wants least.

        It knows its own values alone. It takes an offer that is worth what it would ask for, and as
        the last to speak any offer that is worth something.
        """
        pool = task.info["pool"]
        own: Goods = ()
        asked = [*_ASKED]
        wanted: Goods = pool  # by the other seat, as it says

        async def haggle(observation: Prompt, options: Sequence[str]) -> str:
            nonlocal own, wanted
            lines = str(observation).strip("\n").split("\n")
            offered = _MOVE.fullmatch(lines[-1])
            if not own:
                own = _read(next(line for line in lines if line.startswith("worth ")))
                asked[-1] = 1 if offered else asked[-1]
            least = asked.pop(0)
            wanted = _kept(lines[-1]) if offered else wanted
            if len(options) == 1:
                return options[0]
            if offered and value(rest(pool, wanted), own) >= least:
                return _ACCEPT
            offers = [one for one in options if one != _ACCEPT and value(_kept(one), own) >= least]
            spared = {one: common(rest(pool, _kept(one)), wanted) for one in offers}
            most = max(spared.values())
            return rng.choice([one for one in offers if spared[one] == most])

        return haggle


def _options(pool: Goods, kept: Goods | None) -> tuple[str, ...]:
    offers = (f"offer {written(goods)}" for goods in shares(pool))
    return (*((_ACCEPT,) if kept else ()), *offers)


def _move(reply: Reply, pool: Goods, kept: Goods | None) -> str | None:
    """The words of a legal move, without capitals; None for another reply."""
    found = move_in(reply, _MOVE)
    if found is None:
        return None
    words = found[0].lower()
    if words == _ACCEPT:
        return words if kept else None
    return words if all(a <= b for a, b in zip(_kept(words), pool, strict=True)) else None


def _deal(policy: Policy, seats: Sequence[str], share: Goods, task: Task) -> None:
    """End both seats; the first has the share, and the second the rest."""
    pool, values = task.info["pool"], task.info["values"]
    parts = {"deal": 1.0, "pareto": float(pareto(share, pool, values))}
    for name, worth in zip(seats, worths(share, pool, values), strict=True):
        verdict = Verdict.points(worth / WORTH, correct=2 * worth >= WORTH)
        policy.seat(name).end(replace(verdict, parts=parts))


def _without_deal(policy: Policy, seats: Sequence[str], illegal: str = "") -> None:
    """End both seats with nothing; `illegal` is the one with an illegal move."""
    finish = Finish.ILLEGAL if illegal else Finish.TURNS
    for name in seats:
        reason = Reason.BAD_FORMAT if name == illegal else Reason.WRONG
        verdict = Verdict.failure(reason, finish=finish)
        policy.seat(name).end(replace(verdict, parts={"deal": 0.0, "pareto": 0.0}))


def _kept(move: str) -> Goods:
    return _read(move.split(":")[0])


def _read(words: str) -> Goods:
    return tuple(map(int, words.split()[1:]))

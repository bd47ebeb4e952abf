"""Blackjack: hit or stand against a dealer, with an endless deck."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from random import Random
from typing import ClassVar, NamedTuple

from whet.environments.levels import check_level
from whet.environments.moves import move_in
from whet.protocols import Bot, Policy, World
from whet.types import Finish, Prompt, Reason, Task, Verdict

_MOVE = re.compile(r"[hs]", re.ASCII | re.IGNORECASE)
_CARDS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10, 10)  # each is as likely as any other
_NAMES = "?A23456789T"
_GOAL, _STANDS = 21, 17
_TURNS = 20  # so many hits overtake 21 even with aces alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Blackjack(World):
    """Cards up to 21 in all, and more than the dealer's, which stands on 17 or more.

    A reply is `h` for another card or `s` to stand.  Jacks, queens and kings count 10; an ace (A)
    counts 11 where that does not exceed 21, else 1.  Nothing is special about 21 in two cards.
    Level 1 shows the player's sum, with an `a` if an ace counts 11, then the dealer's open card.
    Level 2 shows the two cards instead, and then each new one.

    The score is 1 for more than the dealer, 0 for as much, and −1 for less, for more than 21, or
    for another reply.  Even the best play loses more than it wins: random moves win .28 and lose
    .67, a mean of −.39; the best play, the expert's, wins .43 and loses .48, a mean of −.046
    (20,000 plays each, standard error .007).
    """

    levels: ClassVar[tuple[int, int]] = (1, 2)
    bounds: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    alphabet: ClassVar[str] = "0123456789AaTvhs \n"
    rules: str = (
        "Blackjack. Come nearer to 21 than the dealer does, but not above it. The dealer stands on "
        "17. Your hand is before the v (an a says that an ace counts 11), the dealer's open card "
        "behind it. Reply with a letter alone: h to hit, s to stand.\n"
    )  # put before the first observation; "" for a small model

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        luck = rng.getrandbits(32)
        info = {"world": "blackjack", "level": level, "turns": _TURNS, "luck": luck}
        name, opening = f"blackjack/{level}/{luck}", _opening(level, luck)
        return Task(id=name, prompt=f"{self.rules}{opening}\n", info=info)

    def canonical(self, task: Task) -> str:
        return f"blackjack/{task.info['level']}/{task.info['luck']}"

    async def play(self, task: Task, policy: Policy) -> Verdict:
        level, luck = task.info["level"], task.info["luck"]
        cards, up = cards_of(luck, "player"), next(cards_of(luck, "dealer"))
        hand = Hand().plus(next(cards)).plus(next(cards))
        observation: Prompt = task.prompt
        for _ in range(task.info["turns"]):
            reply = await policy(observation, options=("h", "s"), state=_shown(hand, up))
            found = move_in(reply, _MOVE)
            if found is None:
                illegal = Verdict.failure(Reason.BAD_FORMAT, finish=Finish.ILLEGAL)
                return replace(illegal, score=-1.0)  # 0 would be more than the best play has
            if found[0] in "sS":
                return _compared(hand.total, dealer_total(luck))
            card = next(cards)
            hand = hand.plus(card)
            if hand.hard > _GOAL:
                return Verdict.points(-1, correct=False)
            observation = f"\n{_shown(hand, up) if level == 1 else _NAMES[card]}\n"
        raise AssertionError(f"{_TURNS} hits, and {hand} is not above {_GOAL}")

    def expert(self, task: Task, rng: Random) -> Bot:
        """The best play, which is computed exactly; it loses more often than it wins."""
        del rng
        luck = task.info["luck"]
        cards, up = cards_of(luck, "player"), next(cards_of(luck, "dealer"))
        hand = Hand().plus(next(cards))

        async def best(observation: Prompt, options: Sequence[str]) -> str:
            nonlocal hand
            del observation, options
            hand = hand.plus(next(cards))  # the newest card that is shown
            return "h" if hitting(hand, up) > standing(hand.total, up) else "s"

        return best


class Hand(NamedTuple):
    """A hand: its sum with aces as 1, and whether it has one."""

    hard: int = 0
    ace: bool = False

    def plus(self, card: int) -> "Hand":
        """The hand with one more card."""
        return Hand(self.hard + card, self.ace or card == 1)

    @property
    def total(self) -> int:
        """What the hand counts."""
        return self.hard + 10 if self.ace and self.hard + 10 <= _GOAL else self.hard


def cards_of(luck: int, owner: str) -> Iterator[int]:
    """The cards that come to the player, or to the dealer."""
    rng = Random(f"{luck}/{owner}")
    while True:
        yield rng.choice(_CARDS)


def dealer_total(luck: int) -> int:
    """What the dealer's hand counts at the end."""
    hand = Hand()
    for card in cards_of(luck, "dealer"):
        hand = hand.plus(card)
        if hand.total >= _STANDS:
            break
    return hand.total


@cache
def dealt(hand: Hand) -> tuple[float, ...]:
    """The dealer's probabilities of 17, 18, 19, 20, 21 and more, from such a hand."""
    if hand.total >= _STANDS:
        return tuple(float(end == min(hand.total, _GOAL + 1)) for end in range(_STANDS, _GOAL + 2))
    ends = [dealt(hand.plus(card)) for card in _CARDS]
    return tuple(sum(column) / len(_CARDS) for column in zip(*ends, strict=True))


@cache
def standing(count: int, up: int) -> float:
    """The mean score of standing on a count, against the dealer's open card."""
    *ends, bust = dealt(Hand().plus(up))
    won = sum(p * ((count > end) - (count < end)) for end, p in enumerate(ends, start=_STANDS))
    return bust + won


@cache
def hitting(hand: Hand, up: int) -> float:
    """The mean score of taking a card, and of the best play after it."""
    worth = 0.0
    for card in _CARDS:
        more = hand.plus(card)
        bust = more.hard > _GOAL
        worth += -1.0 if bust else max(standing(more.total, up), hitting(more, up))
    return worth / len(_CARDS)


def _opening(level: int, luck: int) -> str:
    hand, up = [*islice(cards_of(luck, "player"), 2)], next(cards_of(luck, "dealer"))
    if level == 1:
        return _shown(Hand().plus(hand[0]).plus(hand[1]), up)
    return f"{_NAMES[hand[0]]}{_NAMES[hand[1]]} v {_NAMES[up]}"


def _shown(hand: Hand, up: int) -> str:
    return f"{hand.total}{'a' if hand.total > hand.hard else ''} v {_NAMES[up]}"


def _compared(mine: int, others: int) -> Verdict:
    points = 1 if others > _GOAL or mine > others else -1 if mine < others else 0
    return Verdict.points(points, correct=points > 0)

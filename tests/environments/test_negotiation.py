"""Negotiation: shares and verdicts by hand, and pools that are fair."""

from itertools import product
from random import Random

import pytest
from environments.playing import played, saying, tasks

from whet.environments.game.negotiation import Negotiation, fair, pareto
from whet.types import Finish, Reason, Task

POOL, VALUES = [1, 2, 1], [[4, 1, 4], [0, 5, 0]]


def game(turns=6):
    info = {"world": "negotiation", "level": 1, "turns": turns, "pool": POOL, "values": VALUES}
    return Task(id="n", prompt="R\npool 1 2 1\n", info=info)


def test_a_deal_by_hand():
    said = played(
        Negotiation(),
        game(),
        saying("offer 1 1 1: I need them", "accept"),
        saying("Offer 0 2 0: all of two", "accept"),
    )
    assert said.observations("first") == [
        "R\npool 1 2 1\nworth 4 1 4\n", "\noffer 0 2 0: all of two\n",
    ]  # fmt: skip
    assert said.observations("second") == [
        "R\npool 1 2 1\nworth 0 5 0\noffer 1 1 1: i need them\n",
    ]  # fmt: skip
    assert said.scores == (0.8, 1)
    for verdict in said.verdicts.values():
        assert verdict.parts == {"deal": 1, "pareto": 1}
        assert verdict.correct


@pytest.mark.parametrize(
    ("offer", "scores", "efficient"),
    [("1 2 1", (1, 0), 1), ("1 1 1", (0.9, 0.5), 1), ("1 0 0", (0.4, 1), 0), ("0 0 0", (0, 1), 0)],
)
def test_the_second_seat_takes_what_is_left(offer, scores, efficient):
    said = played(Negotiation(), game(), saying(f"offer {offer}"), saying("accept"))
    assert said.scores == scores
    assert [verdict.parts["pareto"] for verdict in said.verdicts.values()] == [efficient] * 2
    assert said.verdicts["first"].correct is (scores[0] >= 0.5)


def test_six_rounds_without_a_deal_are_worth_nothing():
    said = played(Negotiation(), game(), saying("offer 1 2 1"))
    assert len(said.asks) == 12
    assert said.scores == (0, 0)
    for verdict in said.verdicts.values():
        assert (verdict.finish, verdict.parts) == (Finish.TURNS, {"deal": 0, "pareto": 0})


@pytest.mark.parametrize(
    "reply",
    ["accept", "offer 2 0 0", "offer 1 2", "offer 1 2 1 1", "offer 1 2 1: " + "a" * 61,
     "offer 1 2 1: a\nb", "offer", "", "offer 1 2 1:", "offer 1 2 1: \x1b[2J"],
)  # fmt: skip
def test_illegal_replies_end_it_without_a_deal(reply):
    said = played(Negotiation(), game(), saying(reply))
    assert len(said.asks) == 1
    assert said.scores == (0, 0)
    assert said.verdicts["first"].reason is Reason.BAD_FORMAT
    assert said.verdicts["second"].reason is Reason.WRONG


def test_options_are_all_offers_and_accept_once_there_is_one():
    said = played(Negotiation(), game(turns=1), saying("offer 1 2 1"))
    offers = {f"offer {a} {b} {c}" for a, b, c in product((0, 1), (0, 1, 2), (0, 1))}
    assert set(said.asks[0][2]) == offers
    assert set(said.asks[1][2]) == offers | {"accept"}


@pytest.mark.parametrize("level", [1, 2, 3])
def test_pools_are_fair_and_worth_ten(level):
    least, most = {1: (3, 4), 2: (5, 6), 3: (7, 9)}[level]
    for task in tasks("negotiation", level, 15, rules=""):
        pool, (mine, others) = task.info["pool"], task.info["values"]
        assert least <= sum(pool) <= most
        assert min(pool) >= 1
        assert mine != others
        for own in (mine, others):
            assert sum(a * b for a, b in zip(pool, own, strict=True)) == 10
        assert task.prompt == f"pool {pool[0]} {pool[1]} {pool[2]}\n"
        halves = [
            share
            for share in product(*(range(n + 1) for n in pool))
            if sum(s * w for s, w in zip(share, mine, strict=True)) >= 5
            and sum((n - s) * w for n, s, w in zip(pool, share, others, strict=True)) >= 5
        ]
        assert halves


def test_pareto_by_hand():
    assert pareto([1, 0, 1], POOL, VALUES)
    assert not pareto([1, 1, 0], POOL, VALUES)
    assert not fair([1, 0, 0], [[10, 0, 0], [10, 0, 0]])
    assert fair([2, 0, 0], [[5, 0, 0], [5, 0, 0]])


def test_a_seat_does_not_see_the_others_values():
    world = Negotiation(rules="")
    for n, task in enumerate(tasks("negotiation", 2, 5, rules="")):
        said = played(world, task, *(world.expert(task, Random(f"{n}/{s}")) for s in world.seats))
        for seat, own in zip(world.seats, task.info["values"], strict=True):
            told = [line for o in said.observations(seat) for line in o.split("\n")]
            worth = [line for line in told if line.startswith("worth")]
            assert worth == [f"worth {own[0]} {own[1]} {own[2]}"]


def test_experts_agree_and_do_better_than_half():
    world, scores = Negotiation(rules=""), []
    for n, task in enumerate(tasks("negotiation", 1, 30, rules="")):
        said = played(world, task, *(world.expert(task, Random(f"{n}/{s}")) for s in world.seats))
        scores += said.scores
    assert min(scores) > 0
    assert sum(scores) / len(scores) > 0.6

"""Comparisons within a group, by their hand numbers."""

from itertools import permutations
from math import log

import pytest
from advisers import Scripted, rolled, saying
from said import asked

from whet.rewards.generative.pairwise import (
    BradleyTerry,
    Pairwise,
    ReferenceAnswer,
    Ring,
    RoundRobin,
    WinRate,
)
from whet.types import Reason, UsageError


def compared(judge, *replies, **info):
    return asked(judge, [rolled(reply, **info) for reply in replies])


def by_worth(worth):
    """A judge that knows what each text is worth, and minds no position."""

    def say(reading):
        a, b = (worth[reading.texts[f"reply {x}"]] for x in "AB")
        return '{"better": "%s"}' % ("A" if a > b else "B" if b > a else "tie")

    return Scripted(say)


WORTH = {"one": 3, "two": 2, "three": 1, "gold": 2}


def test_a_clear_order_is_worth_1_half_and_0():
    chat_model = by_worth(WORTH)
    found = compared(Pairwise(chat_model=chat_model), "one", "two", "three")
    assert [v.score for v in found] == [1, 0.5, 0]
    assert len(chat_model.heard) == 6  # G(G − 1)
    assert all(v.parts["games"] == 4 and v.parts["flips"] == 0 for v in found)
    assert sum(v.parts["judge_calls"] for v in found) == pytest.approx(6)
    assert found[0].correct is None


def test_a_bias_of_position_cancels():
    found = compared(Pairwise(chat_model=saying('{"better": "A"}')), "one", "two", "three")
    assert [v.score for v in found] == [0.5] * 3
    assert [v.parts["flips"] for v in found] == [1.0] * 3


def test_a_ring_meets_its_neighbours():
    assert list(Ring().pairs(4)) == [(0, 1), (0, 3), (1, 2), (2, 3)]
    assert list(Ring().pairs(2)) == [(0, 1)] and list(Ring().pairs(1)) == []
    assert list(Ring(reach=2).pairs(4)) == list(RoundRobin().pairs(4))
    with pytest.raises(UsageError, match="reach"):
        Ring(reach=0)


def test_one_reference_answer():
    judge = Pairwise(chat_model=by_worth(WORTH), opponents=ReferenceAnswer())
    found = compared(judge, "one", "two", "three", answer="gold")
    assert [v.score for v in found] == [1, 0.5, 0]
    with pytest.raises(UsageError, match="compare with"):
        compared(judge, "one", answer=" ")


def test_bradley_terry_of_two_players():
    """3 wins of 4 and pseudo-wins: log odds (3 + 0.1) / (1 + 0.1), centred."""
    games = {(0, 1): 1.0, (1, 0): 0.5}
    first, second = BradleyTerry().scores(games, 2)
    odds = (1.5 + 0.1) / (0.5 + 0.1)
    assert first - second == pytest.approx(log(odds), abs=1e-6)
    assert first + second == pytest.approx(0, abs=1e-12)


def test_bradley_terry_orders_and_centres():
    judge = Pairwise(chat_model=by_worth(WORTH), standing=BradleyTerry())
    scores = [v.score for v in compared(judge, "one", "two", "three")]
    assert scores[0] > scores[1] > scores[2]
    assert sum(scores) == pytest.approx(0, abs=1e-9)
    assert scores[1] == pytest.approx(0, abs=1e-3)  # after 50 iterations
    for order in permutations(["one", "two", "three"]):
        again = [v.score for v in compared(judge, *order)]
        assert sorted(again) == pytest.approx(sorted(scores))
    with pytest.raises(UsageError, match="pseudo"):
        BradleyTerry(pseudo=0)


def test_who_meets_nobody_is_in_the_middle():
    for standing, middle in ((WinRate(), 0.5), (BradleyTerry(), 0.0)):
        [verdict] = compared(Pairwise(chat_model=by_worth(WORTH), standing=standing), "one")
        assert verdict.score == middle and verdict.parts["games"] == 0
    assert compared(Pairwise()) == ()


def test_who_says_nothing_loses_unasked():
    chat_model = by_worth(WORTH)
    found = compared(Pairwise(chat_model=chat_model), "one", " ", "three")
    assert [v.score for v in found] == [1, 0, 0.5]
    assert found[1].reason is Reason.NO_ANSWER
    assert len(chat_model.heard) == 2
    alone = compared(Pairwise(chat_model=chat_model), "", "")
    assert [v.score for v in alone] == [0, 0]


def test_a_lost_game_is_a_fault_of_its_players_only():
    def say(reading):
        texts = {reading.texts["reply A"], reading.texts["reply B"]}
        return "well…" if texts == {"one", "two"} else '{"better": "tie"}'

    found = compared(Pairwise(chat_model=Scripted(say)), "one", "two", "three")
    assert [v.fault for v in found] == [True, True, False]
    assert found[2].score == 0.5


def test_a_ring_of_preferences_is_logged():
    beats = {("one", "two"), ("two", "three"), ("three", "one")}

    def say(reading):
        pair = reading.texts["reply A"], reading.texts["reply B"]
        return '{"better": "%s"}' % ("A" if pair in beats else "B")

    found = compared(Pairwise(chat_model=Scripted(say)), "one", "two", "three")
    assert [v.score for v in found] == [0.5] * 3
    assert found[0].parts["cycles"] == 1

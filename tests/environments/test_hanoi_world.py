"""The tower of Hanoi as a world: lengths, rules, and a play by hand."""

from itertools import product
from random import Random

import pytest
from environments.playing import played, saying, tasks

from whet.environments.game.hanoi import Hanoi, broken_rule, moved, shortest
from whet.types import Finish, Reason, Task


@pytest.mark.parametrize("discs", range(1, 8))
def test_a_tower_needs_two_to_the_n_less_one_moves(discs):
    assert len(shortest("1" * discs, "3" * discs)) == 2**discs - 1


def least(start, goal):
    """Moves to a tower, by the recursion from the largest disc down."""
    if not start:
        return 0
    if start[-1] == goal:
        return least(start[:-1], goal)
    spare = ({"1", "2", "3"} - {start[-1], goal}).pop()
    return least(start[:-1], spare) + 1 + 2 ** (len(start) - 1) - 1


def test_ways_are_shortest_and_legal():
    for start, goal in product(map("".join, product("123", repeat=3)), "123"):
        position = start
        for move in (way := shortest(start, goal * 3)):
            assert not broken_rule(position, move)
            position = moved(position, move)
        assert position == goal * 3
        assert len(way) == least(start, goal)


@pytest.mark.parametrize(
    ("position", "move", "rule"),
    [
        ("112", "13", ""), ("112", "12", ""), ("112", "21", "disc 3 does not go onto disc 1"),
        ("112", "31", "peg 3 is empty"), ("112", "11", "a peg to itself"), ("123", "23",
        ""), ("123", "32", "disc 3 does not go onto disc 2"),
    ],
)  # fmt: skip
def test_the_rule_that_a_move_breaks(position, move, rule):
    assert broken_rule(position, move) == rule


def game(turns=5):
    info = {"world": "hanoi", "level": 2, "turns": turns, "start": "11", "goal": "33"}
    return Task(id="h", prompt="11>33\n", info=info)


def test_a_play_by_hand():
    said = played(Hanoi(rules=""), game(), saying("12", "13", "23"))
    assert said.observations() == ["11>33\n", "\n21\n", "\n23\n"]
    assert said.asks[0][2] == ("12", "13")
    assert said.verdict.correct


@pytest.mark.parametrize(
    ("replies", "note"),
    [
        (["12", "12"], "12: disc 2 does not go onto disc 1"), (["31"], "31: peg 3 is empty"),
        (["22"], "22: a peg to itself"), (["14"], ""), (["1 2"], ""),
    ],
)  # fmt: skip
def test_an_illegal_move_is_named(replies, note):
    verdict = played(Hanoi(rules=""), game(), saying(*replies)).verdict
    assert (verdict.note, verdict.finish, verdict.reason) == (
        note, Finish.ILLEGAL, Reason.BAD_FORMAT,
    )  # fmt: skip


def test_turns_run_out():
    said = played(Hanoi(rules=""), game(turns=2), saying("12", "21"))
    assert (len(said.asks), said.verdict.finish) == (2, Finish.TURNS)


def test_turns_are_the_least_and_one_for_each_disc():
    for task in tasks("hanoi", 3, 30):
        start, goal = task.info["start"], task.info["goal"]
        assert start != goal == goal[0] * 3
        assert task.info["turns"] == least(start, goal[0]) + 3
    assert {len(task.info["goal"]) for task in tasks("hanoi", 6, 3)} == {6}


def test_it_is_not_the_family_of_a_single_turn():
    assert Hanoi(rules="").draw(Random(0), 2).info["world"] == "hanoi"

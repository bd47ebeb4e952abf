"""Connect four: lines in all directions, on every place of a board, and the expert's eye."""

import asyncio
from itertools import product
from random import Random

import pytest
from environments.playing import chance, played, saying, tasks

from whet.environments.game.connect_four import Board, ConnectFour
from whet.types import Finish, Task

SIZES = [(5, 4), (6, 5), (7, 6)]
WAYS = {"column": (0, 1), "row": (1, 0), "rising": (1, 1), "falling": (1, -1)}


def with_discs(columns, rows, places):
    stride = rows + 1
    return Board(columns, rows, 0, sum(1 << c * stride + r for c, r in places))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_four_in_every_line_win_and_three_do_not(columns, rows, way):
    right, up = WAYS[way]
    lines = 0
    for c, r in product(range(columns), range(rows)):
        line = [(c + n * right, r + n * up) for n in range(4)]
        if all(x < columns and 0 <= y < rows for x, y in line):
            lines += 1
            assert with_discs(columns, rows, line).lost()
            for left_out in line:
                three = [place for place in line if place != left_out]
                assert not with_discs(columns, rows, three).lost()
    across = columns - 3 if right else columns
    assert lines == across * (rows - 3 if up else rows)


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_a_line_is_four_places_in_a_direction(columns, rows):
    """Random discs, against all lines by coordinates."""
    rng = Random(0)
    every = [(c, r) for c in range(columns) for r in range(rows)]
    for _ in range(150):
        places = set(rng.sample(every, rng.randint(4, len(every) // 2)))
        lines = any(
            all((c + n * a, r + n * b) in places for n in range(4))
            for c, r in places
            for a, b in WAYS.values()
        )
        assert with_discs(columns, rows, places).lost() is lines


def test_threats_are_places_that_make_four():
    rng = Random(1)
    every = [(c, r) for c in range(6) for r in range(5)]
    for _ in range(40):
        places = set(rng.sample(every, 9))
        board = with_discs(6, 5, places)
        if board.lost():
            continue
        found = {
            place
            for place in every
            if place not in places and with_discs(6, 5, places | {place}).lost()
        }
        assert board.threats(board.others) == sum(1 << c * 6 + r for c, r in found)


def game():
    info = {"world": "connect_four", "level": 1, "turns": 10, "columns": 5, "rows": 4, "game": 0}
    return Task(id="c", prompt="R\n" + ".....\n" * 4, info=info)


def test_a_play_by_hand():
    said = played(ConnectFour(), game(), saying("1"), saying("2"))
    assert said.observations("first")[:2] == [
        "R\n.....\n.....\n.....\n.....\n",
        "\n.....\n.....\n.....\nXO...\n",
    ]
    assert said.observations("second")[0] == "R\n.....\n.....\n.....\nO....\n"
    assert len(said.asks) == 7
    assert said.scores == (1, -1)
    other = played(ConnectFour(), game(), saying("1", "1", "1", "3"), saying("2"))
    assert other.scores == (-1, 1)
    assert other.asks[-1][1] == "\n.....\nOX...\nOX...\nOXO..\n"


def test_a_full_board_is_a_draw():
    order = "23144211154234323555"
    first, second = order[::2], order[1::2]
    said = played(ConnectFour(), game(), saying(*first), saying(*second))
    assert len(said.asks) == 20
    assert said.scores == (0, 0)


def test_a_full_column_is_illegal():
    said = played(ConnectFour(), game(), saying("1"), saying("1"))
    assert said.asks[4][2] == ("2", "3", "4", "5")
    assert said.scores == (-1, 1)
    assert said.verdicts["first"].finish is Finish.ILLEGAL


@pytest.mark.parametrize("reply", ["6", "0", "9", "11", "", "a"])
def test_other_replies_lose(reply):
    assert played(ConnectFour(), game(), saying(reply)).scores == (-1, 1)


@pytest.mark.parametrize(
    ("board", "move"),
    [
        ("..... ..... ..... XXX.. ", "4"), ("..... X.... X.... X.O.O ", "1"),
        ("..... O.... O.... O.XX. ", "1"),
    ],
)  # fmt: skip
def test_the_expert_sees_what_wins_or_saves(board, move):
    lines = board.replace(" ", "\n")
    bot = ConnectFour(rules="").expert(game(), Random(0))
    assert asyncio.run(bot(f"\n{lines}", ("1", "2", "3", "4", "5"))) == move


def test_the_expert_beats_chance():
    world = ConnectFour(rules="")
    scores = []
    for n, task in enumerate(tasks("connect_four", 1, 8, rules="")):
        bots = [world.expert(task, Random(n)), chance(task, Random(n))]
        seat = n % 2
        scores.append(played(world, task, *(bots[:: 1 - 2 * seat])).scores[seat])
    assert sum(scores) >= 6

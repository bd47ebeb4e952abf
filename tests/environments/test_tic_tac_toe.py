"""Tic-tac-toe: minimax is a draw, and the expert never loses."""

from itertools import product
from random import Random

import pytest
from environments.playing import chance, played, saying, tasks

from whet.environments.game.tic_tac_toe import TicTacToe, free, value, won
from whet.types import Finish, Task

LINES = [
    [(r, 0), (r, 1), (r, 2)] for r in range(3)] + [[(0, c), (1, c), (2, c)] for c in range(3)
] + [[(0, 0), (1, 1), (2, 2)], [(0, 2), (1, 1), (2, 0)]]  # fmt: skip


def negamax(marks):
    """The value for the seat that moves, on a tuple of 9 marks of 1, −1 and 0; no memory."""
    for line in LINES:
        if abs(sum(marks[3 * r + c] for r, c in line)) == 3:
            return -1
    if 0 not in marks:
        return 0
    turn = 1 if sum(marks) == 0 else -1
    return max(
        -negamax((*marks[:n], turn, *marks[n + 1 :])) for n, mark in enumerate(marks) if not mark
    )


def test_best_play_is_a_draw():
    assert value("123456789") == 0
    assert negamax((1, -1, 0, 0, 0, 0, 0, 0, 0)) > 0  # an answer at the edge of a corner loses
    assert value("XO3456789") > 0
    assert value("X234O6789") == 0


def test_values_have_the_sign_of_minimax():
    rng = Random(0)
    for _ in range(30):
        marks, board = [0] * 9, "123456789"
        for turn, cell in enumerate(rng.sample(range(9), rng.randint(3, 8))):
            if abs(value(board)) == 1:
                break
            marks[cell] = -1 if turn % 2 else 1
            board = board.replace(str(cell + 1), "XO"[turn % 2])
        assert (value(board) > 0) - (value(board) < 0) == negamax(tuple(marks))


def test_three_in_a_row_and_nothing_else_wins():
    wrong = []
    for marks in product("XO.", repeat=9):
        rows = [marks[0:3], marks[3:6], marks[6:9]]
        lines = [*rows, *zip(*rows, strict=True), [rows[n][n] for n in range(3)]]
        lines.append([rows[n][2 - n] for n in range(3)])
        if won("".join(marks), "X") != any(set(line) == {"X"} for line in lines):
            wrong.append(marks)
    assert wrong == []


def game(board="123456789"):
    info = {"world": "tic_tac_toe", "level": 1, "turns": 5, "board": board, "game": 0}
    return Task(id="t", prompt=f"R\n{board[:3]}\n{board[3:6]}\n{board[6:]}\n", info=info)


def test_a_play_by_hand():
    said = played(TicTacToe(), game(), saying("5", "1", "9"), saying("3", "7"))
    assert said.asks[0][1] == "R\n123\n456\n789\n"
    assert said.observations("second") == ["R\n123\n4O6\n789\n", "\nO2X\n4O6\n789\n"]
    assert said.observations("first")[2] == "\nX2O\n4X6\nO89\n"
    assert said.scores == (1, -1)
    assert [verdict.correct for verdict in said.verdicts.values()] == [True, False]
    assert {verdict.finish for verdict in said.verdicts.values()} == {None}


def test_the_second_seat_can_win_and_a_full_board_is_a_draw():
    assert played(TicTacToe(), game(), saying("1", "2", "9"), saying("3", "5", "7")).scores == (
        -1, 1,
    )  # fmt: skip
    drawn = played(TicTacToe(), game(), saying("1", "2", "6", "7", "8"), saying("5", "3", "4", "9"))
    assert drawn.scores == (0, 0)
    assert not any(verdict.correct for verdict in drawn.verdicts.values())


@pytest.mark.parametrize("reply", ["5", "0", "X", "", "10", "١"])
def test_a_taken_cell_or_none_loses(reply):
    said = played(TicTacToe(), game(), saying("5"), saying(reply))
    assert said.scores == (1, -1)
    assert {verdict.finish for verdict in said.verdicts.values()} == {Finish.ILLEGAL}


def test_a_level_begins_with_random_moves():
    assert {task.info["board"] for task in tasks("tic_tac_toe", 1, 9)} == {"123456789"}
    boards = {task.info["board"] for task in tasks("tic_tac_toe", 2, 40)}
    assert len(boards) > 20
    assert {(b.count("X"), b.count("O"), len(free(b))) for b in boards} == {(1, 1, 7)}


@pytest.mark.parametrize("seat", [0, 1])
def test_the_expert_never_loses(seat):
    world = TicTacToe(rules="")
    for n, task in enumerate(tasks("tic_tac_toe", 1, 25, rules="")):
        bots = [chance(task, Random(n)), chance(task, Random(n))]
        bots[seat] = world.expert(task, Random(n))
        assert played(world, task, *bots).scores[seat] >= 0
        both = played(world, task, world.expert(task, Random(n)), world.expert(task, Random(-n)))
        assert both.scores == (0, 0)


@pytest.mark.full
def test_shares_against_chance():
    """Random against itself .58, .29, .13; minimax first .99, and second .81 and .19 draws."""
    world = TicTacToe(rules="")
    scores = {"both": [], "first": [], "second": []}
    for n, task in enumerate(tasks("tic_tac_toe", 1, 1500, rules="")):
        stray, other = chance(task, Random(n)), chance(task, Random(-n - 1))
        scores["both"].append(played(world, task, stray, other).scores[0])
        scores["first"].append(played(world, task, world.expert(task, Random(n)), stray).scores[0])
        scores["second"].append(played(world, task, stray, world.expert(task, Random(n))).scores[1])
    shares = {name: [s.count(end) / len(s) for end in (1, -1, 0)] for name, s in scores.items()}
    assert shares["both"] == pytest.approx([0.585, 0.288, 0.127], abs=0.04)
    assert shares["first"][0] == pytest.approx(0.99, abs=0.02)
    assert shares["second"][1] == 0
    assert shares["second"][0] == pytest.approx(0.85, abs=0.08)

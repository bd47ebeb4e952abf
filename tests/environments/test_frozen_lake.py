"""Frozen lake: shortest ways by another search, slips, and plays by hand."""

from dataclasses import replace
from random import Random

import pytest
from environments.playing import played, saying, tasks

from whet.environments.game.frozen_lake import FrozenLake
from whet.types import Finish, Task, UsageError

BOARD = "@.O\nO..\nO.G"


def steps_by_rounds(board):
    """Steps of a shortest way, by relaxing all distances until none changes."""
    rows = board.split("\n")
    open_ = {
        (r, c): sign for r, row in enumerate(rows) for c, sign in enumerate(row) if sign != "O"
    }
    far = {place: 0 if sign == "@" else 10**6 for place, sign in open_.items()}
    for _ in open_:
        for r, c in open_:
            near = [(r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)]
            far[r, c] = min([far[r, c], *(far[one] + 1 for one in near if one in far)])
    return next(far[place] for place, sign in open_.items() if sign == "G")


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_every_lake_has_a_way_and_twice_its_steps(level):
    for task in tasks("frozen_lake", level, 10, rules=""):
        board = task.info["board"]
        steps = steps_by_rounds(board)
        assert task.prompt == f"{board}\n"
        assert (board.count("@"), board.count("G")) == (1, 1)
        size = max(4, level + 2)
        assert [len(row) for row in board.split("\n")] == [size] * size
        assert size <= steps < 10**6
        assert level > 1 or (board[0], board[-1]) == ("@", "G")
        assert task.info["turns"] == 2 * steps
        world = FrozenLake(rules="")
        said = played(world, task, world.expert(task, Random(0)))
        assert said.verdict.correct
        assert len(said.asks) == steps


def lake(turns=8, **more):
    info = {"world": "frozen_lake", "level": 1, "turns": turns, "board": BOARD}
    return Task(id="l", prompt=f"{BOARD}\n", info=info | more)


def test_a_play_by_hand():
    said = played(FrozenLake(rules=""), lake(), saying("U", "r", "D", "D", "R"))
    assert said.observations() == [
        "@.O\nO..\nO.G\n",
        "\n@.O\nO..\nO.G\n",
        "\n.@O\nO..\nO.G\n",
        "\n..O\nO@.\nO.G\n",
        "\n..O\nO..\nO@G\n",
    ]
    assert said.verdict.correct


def test_a_hole_ends_the_play():
    said = played(FrozenLake(rules=""), lake(), saying("D"))
    assert len(said.asks) == 1
    assert (said.verdict.score, said.verdict.finish) == (0, None)


def test_turns_run_out():
    said = played(FrozenLake(rules=""), lake(turns=3), saying("L"))
    assert len(said.asks) == 3
    assert said.verdict.finish is Finish.TURNS


@pytest.mark.parametrize("reply", ["X", "UD", "ſ", "", "up"])
def test_another_reply_ends_the_play(reply):
    assert played(FrozenLake(rules=""), lake(), saying(reply)).verdict.finish is Finish.ILLEGAL


def test_slips_come_from_the_luck_of_the_task():
    """The first step of a corridor slips into the hole on its right, or stays, in 1 of 6 each."""
    info = {"board": "@O\n.O\nGO", "world": "frozen_lake", "level": 1, "turns": 30, "slip": 1 / 3}
    world, steps, fell = FrozenLake(rules="", slip=1 / 3), 0, 0
    for luck in range(400):
        task = Task(id="l", prompt="@O\n.O\nGO\n", info=info | {"luck": luck})
        said = played(world, task, saying("D"))
        again = played(world, task, saying("D"))
        assert again == said
        steps += 1
        fell += len(said.asks) == 1 and not said.verdict.correct
    assert fell / steps == pytest.approx(1 / 6, abs=0.06)  # half of the slips at the first step


def test_slips_are_part_of_the_task():
    world = FrozenLake(rules="", slip=0.5)
    task = world.draw(Random(1), 1)
    other = replace(task, info={**task.info, "luck": task.info["luck"] + 1})
    assert world.canonical(task) != world.canonical(other)
    dry = FrozenLake(rules="").draw(Random(1), 1)
    assert task.info["turns"] == 2 * dry.info["turns"]
    assert "luck" not in dry.info


def test_the_expert_knows_that_ice_is_slippery():
    """Beside a hole the safe way is to walk into the wall, whatever side it slips to."""
    board = "@O\n.G"
    info = {"world": "frozen_lake", "level": 1, "turns": 50, "board": board, "slip": 0.9, "luck": 1}
    task = Task(id="l", prompt=f"{board}\n", info=info)
    world = FrozenLake(rules="", slip=0.9)
    first = played(world, task, world.expert(task, Random(0))).replies()[0]
    assert first == "L"  # it slips up or down, never to the right


@pytest.mark.parametrize("slip", [-0.1, 1.0])
def test_a_slip_that_is_no_probability_is_refused(slip):
    with pytest.raises(UsageError, match=r"frozen_lake\.slip is .*; give a number"):
        FrozenLake(slip=slip)

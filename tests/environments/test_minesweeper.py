"""Minesweeper: logic against all placements of the mines, and plays by hand."""

from itertools import combinations
from random import Random

import pytest
from environments.playing import played, saying, tasks

from whet.environments.game.minesweeper import Field, Minesweeper, pairs, singles, solved
from whet.types import Finish, Task


def entailed(field, seen):
    """Safe closed cells by all placements of the mines that agree with the open numbers."""
    closed = [cell for cell in range(field.size**2) if cell not in seen]
    maybe = set()
    for mines in combinations(closed, len(field.mines)):
        other = Field(field.size, frozenset(mines))
        if all(other.number(cell) == field.number(cell) for cell in seen):
            maybe |= other.mines
    return set(closed) - maybe


def single_cells_solve(size, mines, first):
    """A solver of its own: numbers one by one, written out cell by cell."""
    around = {
        (r, c): [
            (r + a, c + b)
            for a in (-1, 0, 1)
            for b in (-1, 0, 1)
            if (a or b) and 0 <= r + a < size and 0 <= c + b < size
        ]
        for r in range(size)
        for c in range(size)
    }
    mined = {divmod(cell, size) for cell in mines}
    number = {cell: sum(one in mined for one in near) for cell, near in around.items()}
    open_, flagged, todo = set(), set(), [divmod(first, size)]
    while todo:
        for cell in todo:
            assert cell not in mined
            open_.add(cell)
        todo = []
        for cell in open_:
            closed = [one for one in around[cell] if one not in open_ and one not in flagged]
            left = number[cell] - sum(one in flagged for one in around[cell])
            if closed and left == len(closed):
                flagged |= set(closed)
        for cell in open_:
            if number[cell] == sum(one in flagged for one in around[cell]):
                todo += [one for one in around[cell] if one not in open_ and one not in flagged]
    return len(open_) == size**2 - len(mines)


@pytest.mark.parametrize("level", [1, 2])
def test_numbers_one_by_one_solve_the_first_levels(level):
    for task in tasks("minesweeper", level, 15):
        assert single_cells_solve(task.info["size"], task.info["mines"], task.info["first"])


def test_there_are_boards_that_need_pairs_and_boards_that_need_a_guess():
    needed = [
        task
        for task in tasks("minesweeper", 3, 12)
        if not single_cells_solve(task.info["size"], task.info["mines"], task.info["first"])
    ]
    assert needed
    assert not solved(Field(2, frozenset({0})), frozenset({1}), pairs)  # any of three cells
    corner = Field(3, frozenset({2}))
    assert solved(corner, corner.opened(6, frozenset()), singles)


@pytest.mark.parametrize("level", [1, 2])
def test_what_follows_is_true_in_all_placements(level):
    for task in tasks("minesweeper", level, 4):
        field = Field(task.info["size"], frozenset(task.info["mines"]))
        seen = field.opened(task.info["first"], frozenset())
        certain = entailed(field, seen)
        for logic in (singles, pairs):
            safe, mines = logic(field.groups(seen))
            assert safe <= certain
            assert mines <= field.mines
        assert singles(field.groups(seen))[0]


def test_pairs_by_hand():
    """The 1-1 pattern at an edge: of three closed cells above 1 1, the third is safe."""
    groups = {frozenset({0, 1}): 1, frozenset({0, 1, 2}): 1}
    assert singles(groups) == (frozenset(), frozenset())
    assert pairs(groups) == (frozenset({2}), frozenset())
    groups = {frozenset({0, 1}): 1, frozenset({0, 1, 2}): 2}
    assert pairs(groups) == (frozenset(), frozenset({2}))


BOARD = (1, 15)  # mines of a field of 4 × 4; cell 12 is the first


def game():
    info = {"world": "minesweeper", "level": 1, "turns": 5, "size": 4}
    return Task(id="m", prompt="", info=info | {"mines": list(BOARD), "first": 12})


def test_numbers_by_hand():
    field = Field(4, frozenset(BOARD))
    assert [field.number(cell) for cell in (0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14)] == [
        1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1,
    ]  # fmt: skip
    assert sorted(field.opened(12, frozenset())) == [4, 5, 6, 8, 9, 10, 12, 13, 14]


def test_a_play_by_hand():
    """Cell 1 1 is a lucky guess; then the number in it makes the upper mine certain."""
    said = played(
        Minesweeper(rules=""), game(), saying("flag 4 4", "flag 4 4", "open 1 1", "OPEN 1 4")
    )
    assert said.observations()[1:] == [
        "\n####\n111#\n..1#\n..1F\n",
        "\n####\n111#\n..1#\n..1#\n",
        "\n1###\n111#\n..1#\n..1#\n",
    ]
    assert said.verdict.correct
    assert said.verdict.score == 1
    assert said.verdict.turn_rewards == (0, 0, 0, 0.2)


def test_turn_rewards_are_for_cells_that_are_safe_by_the_numbers():
    world = Minesweeper(rules="")
    said = played(world, game(), saying("open 1 3", "open 2 4", "open 1 1"))
    assert said.verdict.correct
    assert len(said.asks) == 3
    field = Field(4, frozenset(BOARD))
    seen = field.opened(12, frozenset())
    for (_, _, _, reply), reward in zip(said.asks, said.verdict.turn_rewards, strict=True):
        _, row, column = reply.split()
        cell = (int(row) - 1) * 4 + int(column) - 1
        assert reward == pytest.approx((cell in entailed(field, seen)) / 5)
        seen = field.opened(cell, seen)


@pytest.mark.parametrize(
    ("reply", "finish"),
    [
        ("open 1 2", None), ("open 2 1", Finish.ILLEGAL), ("flag 2 1", Finish.ILLEGAL),
        ("open 5 1", Finish.ILLEGAL), ("open 0 1", Finish.ILLEGAL), ("open 1", Finish.ILLEGAL),
        ("ﬂag 1 1", Finish.ILLEGAL),
    ],
)  # fmt: skip
def test_endings(reply, finish):
    said = played(Minesweeper(rules=""), game(), saying(reply))
    assert len(said.asks) == 1
    assert (said.verdict.score, said.verdict.finish) == (0, finish)
    assert said.verdict.turn_rewards == (0,)


def test_the_expert_has_all_turn_rewards_but_those_of_cells_opened_around_a_zero():
    world = Minesweeper(rules="")
    for n, task in enumerate(tasks("minesweeper", 2, 5)):
        said = played(world, task, world.expert(task, Random(n)))
        assert set(said.verdict.turn_rewards) == {said.verdict.turn_rewards[0]}
        assert 0 < sum(said.verdict.turn_rewards) <= 1 + 1e-9


def test_mines_are_not_shown():
    for task in tasks("minesweeper", 1, 5, rules=""):
        assert set(task.prompt) <= set("#.12345678\n")
        assert task.prompt.count("#") == task.info["turns"] > len(task.info["mines"])

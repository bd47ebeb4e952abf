"""Sokoban: steps by hand, least pushes by hand and by another search."""

from dataclasses import replace
from random import Random

import pytest
from environments.playing import played, saying, tasks

from whet.environments.game.sokoban import Room, Sokoban, pulled, solution
from whet.types import Finish, Task

LINE = """\
#######
#     #
#@$  .#
#######
"""  # three pushes to the right
CORNER = """\
######
#    #
# $@ #
# .  #
######
"""  # a push down, from above: two steps to get there
TWO = """\
#######
#@    #
# $$  #
# ..  #
#     #
#######
"""  # each box one push down
STUCK = """\
#####
#$ @#
#  .#
#####
"""  # a box in a corner


@pytest.mark.parametrize(
    ("room", "pushes", "moves"), [(LINE, 3, 3), (CORNER, 1, 3), (TWO, 2, 5), (STUCK, None, None)]
)
def test_least_pushes_by_hand(room, pushes, moves):
    way = solution(Room.read(room))
    if moves is None:
        assert way is None
    else:
        assert len(way) == moves
        assert pushed(room, way) == (pushes, True)


def pushed(room, way):
    """The pushes of a way, and whether it solves the room."""
    here, pushes = Room.read(room), 0
    for move in way:
        after = here.moved(move)
        pushes += after.boxes != here.boxes
        here = after
    return pushes, here.solved


def test_a_room_is_shown_as_it_was_read():
    for room in (LINE, CORNER, TWO, STUCK, "####\n#+*#\n####\n"):
        assert Room.read(room).shown() == room


@pytest.mark.parametrize(
    ("row", "move", "after"),
    [
        ("#@ $ .#", "R", "# @$ .#"), ("#@$  .#", "R", "# @$ .#"), ("#@$$..#", "R", "#@$$..#"),
        ("#  .@$#", "R", "#  .@$#"), ("#  .@$#", "L", "#  + $#"), ("#.@$ .#", "L", "#+ $ .#"),
        ("# @$. #", "R", "#  @* #"), ("# @*  #", "R", "#  +$ #"), ("#@$ . #", "U", "#@$ . #"),
    ],
)  # fmt: skip
def test_steps_by_hand(row, move, after):
    wall = "#######\n"
    assert Room.read(f"{wall}{row}\n{wall}").moved(move).shown() == f"{wall}{after}\n{wall}"


def least_pushes(room):
    """The fewest pushes, by levels of all rooms that can be reached with so many."""
    level, seen, pushes = {room}, set(), 0
    while level:
        ahead = list(level)
        near = set(level)
        for here in ahead:  # all walks, which push nothing
            for move in "UDLR":
                there = here.moved(move)
                if there.boxes == here.boxes and there not in near:
                    near.add(there)
                    ahead.append(there)
        if any(here.solved for here in near):
            return pushes
        seen |= near
        level = {after for here in near for after in map(here.moved, "UDLR")} - seen
        pushes += 1
    return None


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_level_is_the_least_number_of_pushes(level):
    for task in tasks("sokoban", level, 4):
        room = Room.read(task.info["board"])
        assert not room.solved
        assert least_pushes(room) == level
        assert pushed(task.info["board"], solution(room)) == (level, True)
        assert task.info["turns"] == 3 * len(solution(room))


@pytest.mark.parametrize("level", range(1, 9))
def test_solutions_have_as_many_pushes_as_the_level(level):
    for task in tasks("sokoban", level, 2):
        board = task.info["board"]
        assert pushed(board, solution(Room.read(board))) == (level, True)
        assert board.count(".") + board.count("+") == board.count("$") > 0 or "*" in board
        size = board.index("\n")
        assert 5 <= size <= 9


def test_no_room_where_no_pull_is_possible():
    assert pulled(Room.read("####\n#*@#\n####\n"), 1, Random(0)) is None


def game(board=LINE, turns=9):
    info = {"world": "sokoban", "level": 1, "turns": turns, "board": board}
    return Task(id="s", prompt=board, info=info)


def test_a_play_by_hand():
    said = played(Sokoban(rules=""), game(), saying("r", "UD", "[RR]"))
    assert said.observations() == [
        LINE,
        "\n#######\n#     #\n# @$ .#\n#######\n",
        "\n#######\n#     #\n# @$ .#\n#######\n",
    ]
    assert said.verdict.correct


@pytest.mark.parametrize(
    ("replies", "asks", "finish"),
    [
        (["L"], 9, Finish.TURNS), (["LLLL"], 3, Finish.TURNS), (["L" * 20_000], 1, Finish.TURNS),
        (["LLLLLLL", "RRRRR"], 2, Finish.TURNS), (["U R"], 1, Finish.ILLEGAL),
        (["RX"], 1, Finish.ILLEGAL),
    ],
)  # fmt: skip
def test_moves_are_counted_over_all_replies(replies, asks, finish):
    said = played(Sokoban(rules=""), game(), saying(*replies))
    assert (len(said.asks), said.verdict.finish, said.verdict.correct) == (asks, finish, False)


def test_a_spoilt_room_goes_on():
    said = played(Sokoban(rules=""), game(STUCK, 5), saying("L"))
    assert len(said.asks) == 5


def test_the_player_may_begin_anywhere_it_can_walk():
    room = Room.read(LINE)
    away = replace(room, player=8)
    assert len(solution(away)) == 3 + 1

"""Mastermind: pegs by their definition, and plays by hand."""

from itertools import product
from random import Random

import pytest
from environments.playing import played, saying, tasks

from whet.environments.game.mastermind import Mastermind, codes, marks_of
from whet.types import Finish, Task


def pairs_off(secret, guess):
    """Black pegs, then white ones: each digit of the guess meets one digit of the secret."""
    black = [n for n in range(len(secret)) if secret[n] == guess[n]]
    left = [secret[n] for n in range(len(secret)) if n not in black]
    white = 0
    for n, digit in enumerate(guess):
        if n not in black and digit in left:
            left.remove(digit)
            white += 1
    return "+" * len(black) + "-" * white or "."


@pytest.mark.parametrize(("positions", "colours"), [(2, 4), (3, 4), (4, 3)])
def test_pegs_are_as_defined(positions, colours):
    every = ["".join(code) for code in product("1234"[:colours], repeat=positions)]
    assert list(codes(positions, colours)) == every
    for secret, guess in product(every, every):
        assert marks_of(secret, guess) == pairs_off(secret, guess)


@pytest.mark.parametrize(
    ("secret", "guess", "marks"),
    [
        ("1234", "1234", "++++"), ("1234", "4321", "----"), ("1122", "2211", "----"),
        ("1112", "1121", "++--"), ("1123", "1411", "+-"), ("5566", "1234", "."),
        ("1136", "3111", "+--"),
    ],
)  # fmt: skip
def test_pegs_by_hand(secret, guess, marks):
    assert marks_of(secret, guess) == marks


def game(secret="32"):
    info = {"world": "mastermind", "level": 1, "turns": 4, "secret": secret}
    return Task(id="m", prompt="11-44 4?\n", info=info | {"positions": 2, "colours": 4})


def test_a_play_by_hand():
    said = played(Mastermind(rules=""), game(), saying("23", "12", "[34]", r"so \boxed{32}"))
    assert said.observations() == ["11-44 4?\n", "\n--\n", "\n+\n", "\n+\n"]
    assert said.verdict.correct
    assert said.verdict.score == 1


@pytest.mark.parametrize("reply", ["15", "1", "111", "0", "1 2", "1٢"])
def test_what_is_no_code_ends_the_play(reply):
    said = played(Mastermind(rules=""), game(), saying(reply))
    assert len(said.asks) == 1
    assert said.verdict.finish is Finish.ILLEGAL


def test_turns_run_out():
    said = played(Mastermind(rules=""), game(), saying("11"))
    assert len(said.asks) == 4
    assert said.verdict.finish is Finish.TURNS
    assert not said.verdict.correct


def test_the_opening_is_the_same_for_all_secrets():
    assert len({task.prompt for task in tasks("mastermind", 2, 20)}) == 1


def test_codes_are_listed_where_they_are_few():
    world = Mastermind(rules="")
    few, many = (played(world, world.draw(Random(0), level), saying("x")) for level in (2, 3))
    assert len(few.asks[0][2]) == 4**3
    assert many.asks[0][2] == ()


@pytest.mark.parametrize("level", [1, 2])
def test_the_expert_finds_every_code(level):
    world = Mastermind(rules="")
    task = world.draw(Random(0), level)
    for secret in codes(task.info["positions"], task.info["colours"]):
        one = Task(id="m", prompt=task.prompt, info={**task.info, "secret": secret})
        assert played(world, one, world.expert(one, Random(0))).verdict.correct

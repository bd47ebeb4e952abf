"""Guess a number: a play by hand, and states by what is known."""

import pytest
from environments.playing import played, saying

from whet.environments.game.guess import Guess
from whet.types import Finish, Task


def game(secret=5, level=3):
    info = {"world": "guess", "level": level, "turns": level, "secret": secret}
    return Task(id="g", prompt="1..7?\n", info=info)


def test_a_play_by_hand():
    said = played(Guess(rules=""), game(), saying("4.", "6", "[5]"))
    assert said.observations() == ["1..7?\n", "\n>\n", "\n<\n"]
    assert said.verdict.correct


def test_a_state_is_what_is_known_and_not_the_last_answer():
    said = played(Guess(rules=""), game(), saying("3", "2", "1"))
    assert said.observations()[1:] == ["\n>\n", "\n>\n"]
    assert said.states == ["1..7", "4..7", "4..7"]
    assert played(Guess(rules=""), game(), saying("9", "1")).states == ["1..7", "1..7", "2..7"]
    assert said.verdict.finish is Finish.TURNS


@pytest.mark.parametrize("reply", ["", "4 or 5", "٤", "12345", "-1"])
def test_what_is_no_number_ends_the_play(reply):
    assert played(Guess(rules=""), game(), saying(reply)).verdict.finish is Finish.ILLEGAL

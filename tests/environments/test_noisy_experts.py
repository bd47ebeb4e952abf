"""Experts of which some replies are random: they go on sensibly from where these have led."""

import asyncio
from random import Random

import pytest
from environments.playing import LEVELS, WORLDS, playing

from whet.environments.code.repair_function import OtherTests, RepairFunction
from whet.environments.game.guess import Guess
from whet.environments.game.household import Errand, House, planned
from whet.environments.opponents import NoisyExpert
from whet.types import Finish, UsageError

PLAYS = 4
UNLISTED = {"database": 1, "guess": 7, "mastermind": 3, "repair_function": 3}  # from this level on
NOISY = [(name, level) for name, level in LEVELS if level < UNLISTED.get(name, 99)]


def play_of(world, task, noise, seed=0):
    player = NoisyExpert(noise=noise)
    bots = {seat: player.sit(world, task, Random(f"{seed}/{seat}")) for seat in world.seats}
    return asyncio.run(playing(world, task, bots))


@pytest.mark.parametrize("noise", [0.3, 0.9])
@pytest.mark.parametrize(("name", "level"), NOISY)
def test_every_expert_goes_on_legally_after_random_replies(name, level, noise):
    world = WORLDS[name]()
    for place in range(1 if name in ("library", "connect_four") else PLAYS):
        said = play_of(world, world.draw(Random(place), level), noise, place)
        assert all(verdict.finish is not Finish.ILLEGAL for verdict in said.verdicts.values())


@pytest.mark.parametrize(("name", "level"), UNLISTED.items())
def test_these_levels_list_no_options(name, level):
    world = WORLDS[name]()
    with pytest.raises(UsageError, match="lists no options"):
        play_of(world, world.draw(Random(0), level), 0.5)


@pytest.mark.parametrize(("name", "level"), [("hanoi", 3), ("sokoban", 1), ("mastermind", 2)])
def test_an_expert_with_a_few_random_replies_still_wins_most_plays(name, level):
    world = WORLDS[name]()
    plays = [play_of(world, world.draw(Random(n), level), 0.15, n) for n in range(20)]
    assert sum(said.verdict.score for said in plays) >= 14


def test_halving_counts_random_guesses_as_its_own():
    """A guess that the answers so far exclude is a random one; at noise 0 there are none."""
    world = Guess(rules="")
    for seed in range(40):
        task = world.draw(Random(seed), 5)
        bot = world.expert(task, Random(0))
        low, high, secret, observation = 1, 31, task.info["secret"], task.prompt
        for turn in range(5):
            drawn = (f"{Random(f'{seed}/{turn}').randint(1, 31)}.",) if turn % 2 == 0 else ()
            said = asyncio.run(bot(observation, drawn))
            assert drawn in ((), (said,))
            guess = int(said.rstrip("."))
            assert drawn or low <= guess <= high
            if guess == secret:
                break
            low, high = (
                (max(low, guess + 1), high) if guess < secret else (low, min(high, guess - 1))
            )
            observation = "\n>\n" if guess < secret else "\n<\n"


def test_a_thing_of_another_kind_is_put_down_at_once():
    things = {"cup1": "sink", "book1": "desk"}
    house = House(("kitchen", "study"), Errand("look", "book"), things, "kitchen")
    for action in ("go sink", "take cup1"):
        house.act(action)
    assert planned(house) == "put cup1"
    house.act("go study")
    for action in ("go desk", "put cup1"):
        assert planned(house) == action
        house.act(action)
    assert not house.held


def test_feedback_that_agrees_with_no_edit_is_answered_by_some_edit():
    world = RepairFunction(rules="", feedback=OtherTests())
    for seed in range(20):
        task = world.draw(Random(seed), 1)
        said = asyncio.run(playing(world, task, {"": world.expert(task, Random(seed))}))
        assert said.verdict.finish is not Finish.ILLEGAL

"""Household: actions by hand, and the planner on each type of errand."""

import re
from random import Random

import pytest
from environments.playing import played, saying, tasks

from whet.environments.game.household import Errand, House, Household
from whet.types import Finish, Task

TYPES = ("pick", "look", "clean", "heat", "cool", "two")


def game(errand, things, level=2, rooms=("kitchen", "study")):
    info = {"world": "household", "level": level, "turns": 30, "rooms": list(rooms)}
    info |= {"errand": list(errand), "things": dict(things)}
    return Task(id="h", prompt="R\n", info=info)


def answers(task, *replies):
    """What the world answers to each reply but the last, and the verdict."""
    said = played(Household(rules=""), task, saying(*replies, "?"))
    return [one.strip("\n") for one in said.observations()[1:]], said.verdict


def test_an_errand_by_hand():
    task = game(("clean", "cup", "box"), {"cup1": "fridge", "egg1": "sink"})
    told, verdict = answers(
        task, "go fridge", "take cup1", "open fridge", "take cup1", "go sink", "take egg1",
        "Clean cup1", "go box", "go study", "go box", "put cup1", "open box", "put cup1",
    )  # fmt: skip
    assert told == [
        "fridge: closed",
        "nothing happens",
        "fridge: cup1",
        "fridge: empty, hand: cup1",
        "sink: egg1, hand: cup1",
        "nothing happens",
        "cup1 is clean",
        "nothing happens",
        "study: desk shelf box, hand: cup1",
        "box: closed, hand: cup1",
        "nothing happens",
        "box: empty, hand: cup1",
    ]
    assert verdict.correct


def test_what_is_only_put_there_is_not_clean():
    task = game(("clean", "cup", "table"), {"cup1": "sink"})
    told, verdict = answers(task, "go sink", "take cup1", "go table", "put cup1", "look")
    assert told[-2:] == ["table: cup1", "table: cup1"]
    assert not verdict.correct


def test_hot_and_cold_exclude_each_other():
    task = game(("heat", "egg", "table"), {"egg1": "table"})
    way = ["go table", "take egg1", "go oven", "heat egg1", "go fridge", "cool egg1", "go table"]
    _, cold = answers(task, *way, "put egg1")
    _, hot = answers(task, *way[:4], "go table", "put egg1")
    assert hot.correct
    assert not cold.correct


def test_one_of_two_is_not_two():
    task = game(("two", "pen", "desk"), {"pen1": "shelf", "pen2": "table"})
    first = ["go study", "go shelf", "take pen1", "go desk", "put pen1"]
    _, one = answers(task, *first)
    second = ["go kitchen", "go table", "take pen2", "go study", "go desk", "put pen2"]
    _, two = answers(task, *first, *second)
    assert (one.correct, two.correct) == (False, True)


def test_looking_needs_the_lamp_and_the_hand():
    task = game(("look", "book", ""), {"book1": "sink"})
    told, verdict = answers(task, "go sink", "look book1", "take book1", "look book1", "go table")
    assert told == [
        "sink: book1", "nothing happens", "sink: empty, hand: book1", "nothing happens",
        "table: empty, hand: book1",
    ]  # fmt: skip
    assert not verdict.correct
    _, verdict = answers(task, "go sink", "take book1", "go table", "look book1")
    assert verdict.correct


def test_level_one_lists_its_actions():
    task = tasks("household", 1, 1, rules="")[0]
    said = played(Household(rules=""), task, saying("look", "?"))
    for _, observation, options, _ in said.asks:
        assert observation.rstrip("\n").split("\n")[-1] == "|".join(options)
    assert "sink" in task.prompt
    higher = tasks("household", 2, 1, rules="")[0]
    assert "|" not in higher.prompt
    assert "rooms: kitchen study\nkitchen: sink oven fridge table\n" in higher.prompt


@pytest.mark.parametrize(
    "reply", ["", "dance", "go", "open", "go moon", "look cup9", "take", "goo sink", "put\ncup1"]
)
def test_words_that_are_no_action_end_it_and_others_do_nothing(reply):
    task = game(("pick", "cup", "table"), {"cup1": "sink"})
    told, verdict = answers(task, reply)
    known = re.fullmatch(r"(go|open|take|put|clean|heat|cool|look)( [a-z]+\d?)?", reply)
    assert told == (["nothing happens"] if known else [])
    assert verdict.finish is Finish.ILLEGAL


def test_a_state_is_named_by_all_that_matters():
    task = game(("clean", "cup", "box"), {"cup1": "sink", "egg1": "fridge"})
    way = ("go sink", "take cup1", "clean cup1", "put cup1", "take cup1", "put cup1", "look", "?")
    states = played(Household(rules=""), task, saying(*way)).states
    assert len(set(states)) == 5  # at the sink, with it, with it clean, and clean at the sink
    assert states[4] == states[6] == states[7]
    assert states[3] == states[5]


def test_turns_run_out():
    task = game(("pick", "cup", "table"), {"cup1": "sink"})
    said = played(Household(rules=""), task, saying("look"))
    assert (len(said.asks), said.verdict.finish) == (30, Finish.TURNS)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_planner_does_errands_of_every_type(level):
    world, done = Household(rules=""), set()
    for n, task in enumerate(tasks("household", level, 40, rules="")):
        errand = task.info["errand"][0]
        if errand in done:
            continue
        said = played(world, task, world.expert(task, Random(n)))
        assert said.verdict.correct
        done.add(errand)
    assert done == set(TYPES)


def test_the_planner_takes_only_what_it_was_shown():
    world = Household(rules="")
    for n, task in enumerate(tasks("household", 3, 6, rules="")):
        shown = str(task.prompt)
        said = played(world, task, world.expert(task, Random(n)))
        for _, observation, _, reply in said.asks:
            shown += observation
            if reply.startswith("take"):
                assert reply.split()[1] in shown.split(": ", 2)[-1]


def test_errands_are_not_done_at_first_and_can_be():
    for level in (1, 2, 3):
        for task in tasks("household", level, 30):
            house = House.of(task.info)
            errand = house.errand
            assert not house.done
            assert sum(t.startswith(errand.kind) for t in house.where) == errand.number
            assert len(house.where) == {1: 3, 2: 5, 3: 8}[level]
            assert not any(place == errand.place and thing.startswith(errand.kind)
                           for thing, place in house.where.items())  # fmt: skip


@pytest.mark.parametrize(
    ("errand", "text"),
    [
        (("pick", "cup", "box"), "put cup in box"), (("two", "egg", "bed"), "put two egg in bed"),
        (("heat", "egg", "bed"), "put hot egg in bed"), (("look", "pen"), "look at pen at lamp"),
    ],
)  # fmt: skip
def test_errands_in_words(errand, text):
    assert str(Errand(*errand)) == text

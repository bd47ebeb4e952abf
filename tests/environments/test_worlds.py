"""Contracts that every world keeps, at each of its levels."""

import ast
import asyncio
import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from inspect import getsourcefile
from pathlib import Path
from random import Random

import pytest
from environments.noise import noise
from environments.playing import (
    LEVELS,
    WORLDS,
    Handle,
    Said,
    chance,
    digest,
    played,
    playing,
    saying,
    tasks,
)

from whet.data.problems import Problems
from whet.environments.against import Against
from whet.environments.opponents import Chance, Expert
from whet.types import Finish, Reason, UsageError

FEW = 3
SEATED = [name for name, part in WORLDS.items() if len(part.seats) > 1]
ALONE = [(name, level) for name, level in LEVELS if name not in SEATED]
NOT_MASTERED = ("blackjack",)  # even the best play loses more often than it wins
MOST_OPTIONS = 65
TERSE = 96  # characters of an observation at the lowest level, without rules
BOUNDS = {"blackjack": (-1, 1), "tic_tac_toe": (-1, 1), "connect_four": (-1, 1), "kuhn": (-1, 1)}

every_level = pytest.mark.parametrize(("name", "level"), LEVELS)
every_world = pytest.mark.parametrize("name", WORLDS)


@cache
def drawn(name, level):
    return tasks(name, level, FEW, rules="")


@cache
def by_experts(name, level):
    """A play of each task with the expert on all seats."""
    world = WORLDS[name](rules="")
    few = drawn(name, level)[: 1 if name == "connect_four" else FEW]
    return [expertly(world, task, n) for n, task in enumerate(few)]


def expertly(world, task, seed):
    bots = [world.expert(task, Random(f"{seed}/{seat}")) for seat in world.seats]
    return played(world, task, *bots)


def check_sound(name, task, said):
    """Scores within bounds, no more replies than turns, a turn reward for each reply or none."""
    low, high = BOUNDS.get(name, (0, 1))
    for seat, verdict in said.verdicts.items():
        assert low <= verdict.score <= high
        assert verdict.finish in (None, Finish.TURNS, Finish.CALLS, Finish.ILLEGAL)
        replies = said.replies(seat)
        assert len(replies) <= task.info["turns"]
        assert not verdict.turn_rewards or len(verdict.turn_rewards) == len(replies)
        if verdict.reason is Reason.BAD_FORMAT:
            assert verdict.finish is Finish.ILLEGAL


def test_the_worlds_of_this_folder_are_found():
    assert {
        "blackjack", "calculator", "connect_four", "database", "frozen_lake", "guess", "hanoi",
        "household", "kuhn", "library", "mastermind", "minesweeper", "negotiation",
        "repair_function", "sokoban", "tic_tac_toe",
    } <= set(WORLDS)  # fmt: skip


@pytest.mark.parametrize(("name", "level"), [one for one in ALONE if one[0] not in NOT_MASTERED])
def test_the_expert_wins(name, level):
    assert all(said.verdict.correct for said in by_experts(name, level))


@pytest.mark.full
@pytest.mark.parametrize(("name", "level"), [one for one in ALONE if one[0] not in NOT_MASTERED])
def test_the_expert_wins_nineteen_of_twenty(name, level):
    world = WORLDS[name](rules="")
    won = [
        expertly(world, task, n).verdict.correct
        for n, task in enumerate(tasks(name, level, 50, rules=""))
    ]
    assert sum(won) >= 0.95 * len(won)


@every_level
@pytest.mark.parametrize("reply", ["", " \n", "<think>U"])
def test_silence_loses(name, level, reply):
    world = WORLDS[name](rules="")
    for task in drawn(name, level)[:2]:
        said = played(world, task, saying(reply))
        silent = said.verdicts[said.asks[0][0]]
        assert len(said.asks) == 1
        assert not silent.correct
        assert silent.score == BOUNDS.get(name, (0, 1))[0]
        assert silent.finish is Finish.ILLEGAL


@every_level
def test_noise_survives(name, level):
    world = WORLDS[name](rules="")
    for n, task in enumerate(drawn(name, level)):
        for share in (0.1, 0.9):
            rng = Random(f"{n}/{share}")
            legal = chance(task, rng)

            async def stray(observation, options, rng=rng, legal=legal, share=share):
                words = (*options, str(observation))
                loud = rng.random() < share
                return noise(rng, words) if loud else await legal(observation, options)

            check_sound(name, task, played(world, task, stray))


@every_level
def test_the_listed_options_are_legal(name, level):
    world = WORLDS[name]()
    for n, task in enumerate(tasks(name, level, 3)):
        said = played(world, task, chance(task, Random(n)))
        check_sound(name, task, said)
        assert all(verdict.finish is not Finish.ILLEGAL for verdict in said.verdicts.values())
        for _, _, options, _ in said.asks:
            assert len(options) == len(set(options)) <= MOST_OPTIONS


@every_level
def test_the_same_words_make_the_same_play(name, level):
    world = WORLDS[name](rules="")
    for said, task in zip(by_experts(name, level), drawn(name, level), strict=False):
        kept = replace(task, info=json.loads(json.dumps(dict(task.info))))
        again = played(world, kept, *(saying(*said.replies(seat), "") for seat in world.seats))
        assert again == said


@every_world
def test_plays_at_once_are_plays_one_after_the_other(name):
    world = WORLDS[name](rules="")
    level = world.levels[0]
    todo = [task for task in drawn(name, level) for _ in range(3)]

    def bots(number):
        return {seat: chance(todo[number], Random(f"{number}/{seat}")) for seat in world.seats}

    async def at_once():
        return await asyncio.gather(*(playing(world, t, bots(n)) for n, t in enumerate(todo)))

    alone = [asyncio.run(playing(world, task, bots(n))) for n, task in enumerate(todo)]
    assert asyncio.run(at_once()) == alone


def test_another_process_draws_and_plays_the_same():
    seed = "1" if os.environ.get("PYTHONHASHSEED") == "2" else "2"
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    script = Path(__file__).with_name("playing.py")
    command = [sys.executable, str(script), "1"]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found, global_dice_untouched = json.loads(told.stdout)
    assert found == digest(1)
    assert global_dice_untouched  # here the checker of types throws them, too


@every_level
def test_the_alphabet_covers_world_and_expert(name, level):
    spoken = {
        sign
        for said in by_experts(name, level)
        for _, observation, options, reply in said.asks
        for sign in f"{observation}{reply}{''.join(options)}"
    }
    alphabet = WORLDS[name].alphabet
    assert spoken <= set(alphabet)
    assert len(set(alphabet)) == len(alphabet)  # as a tokenizer of characters needs it


@every_level
def test_equal_canonical_forms_are_equal_tasks(name, level):
    world = WORLDS[name](rules="")
    found = {}
    for n in range(4 if name == "sokoban" else 12):
        task = world.draw(Random(n), level)
        assert found.setdefault(world.canonical(task), task) == task
    assert len({world.canonical(task) for task in found.values()}) == len(found)
    assert len({task.id for task in found.values()}) == len(found) > 1


@every_level
def test_a_task_says_what_it_is(name, level):
    task = drawn(name, level)[0]
    assert task.info["world"] == name
    assert task.info["level"] == level
    assert task.info["turns"] > 0
    told = WORLDS[name]()
    assert told.draw(Random(f"{name}/{level}/0"), level) == replace(
        task, prompt=f"{told.rules}{task.prompt}"
    )


@every_world
def test_observations_at_the_lowest_level_are_terse(name):
    for said in by_experts(name, WORLDS[name].levels[0]):
        assert max(len(observation) for _, observation, _, _ in said.asks) <= TERSE


@every_world
def test_levels_that_a_world_lacks_are_refused(name):
    world = WORLDS[name]()
    for level in (world.levels[0] - 1, world.levels[1] + 1):
        with pytest.raises(UsageError, match=f"level is {level}, but .* has levels"):
            world.draw(Random(0), level)


@every_world
def test_a_world_is_a_corpus(name):
    world = WORLDS[name]()
    low = world.levels[0]
    problems = Problems(
        family=world, levels=(low, low + 1) if world.levels[1] > low else (low, low)
    )
    assert problems.task("train", 0) == problems.task("train", 0)
    assert {problems.task("train", n).info["world"] for n in range(4)} == {name}


@every_world
def test_a_world_is_a_value_without_foreign_imports(name):
    world = WORLDS[name]
    assert world() == world()
    assert hash(world()) == hash(world())
    allowed = ("whet.protocols", "whet.types", "whet.environments")
    allowed += ("whet.calls", "whet.rewards", "whet.sandbox")
    source = Path(getsourcefile(world))
    files = [source] if source.parent.name in ("code", "game") else source.parent.glob("*.py")
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for one in (module, *names):
                ours = one is None or one.startswith(allowed)
                assert ours or one.split(".")[0] in sys.stdlib_module_names


@pytest.mark.parametrize("name", SEATED)
@pytest.mark.parametrize("seat", ["first", "second"])
def test_an_opponent_takes_a_seat(name, seat):
    world = WORLDS[name](rules="")
    task = drawn(name, world.levels[0])[0]
    mine = "second" if seat == "first" else "first"
    for opponent in (Chance(), Expert()):
        against = Against(world=world, opponent=opponent, seat=seat)
        said = asyncio.run(only_seat(against, task, mine))
        assert {asked for asked, *_ in said.asks} == {mine}
        assert set(said.verdicts) == {mine}


async def only_seat(against, task, mine):
    said = Said()
    assert await against.play(task, Handle({mine: chance(task, Random(0))}, said)) is None
    return said


@pytest.mark.parametrize("name", SEATED)
def test_a_seat_that_breaks_off_loses_and_the_other_does_not(name):
    world = WORLDS[name](rules="")
    task = drawn(name, world.levels[0])[0]
    for loser in world.seats:
        bots = [saying("no") if seat == loser else chance(task, Random(3)) for seat in world.seats]
        verdicts = played(world, task, *bots).verdicts
        other = next(seat for seat in world.seats if seat != loser)
        zero_sum = name in BOUNDS
        assert verdicts[loser].score == (-1 if zero_sum else 0)
        assert verdicts[other].score == (1 if zero_sum else 0)
        assert verdicts[other].correct is zero_sum
        assert {verdict.finish for verdict in verdicts.values()} == {Finish.ILLEGAL}

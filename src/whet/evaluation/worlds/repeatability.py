"""Checks that equal tasks and equal replies give equal plays, anywhere."""

import ast
import asyncio
import inspect
import random as dice
from collections.abc import Iterator, Sequence
from copy import deepcopy
from random import Random

import numpy as np

from whet.environments.playing import play
from whet.evaluation.worlds.bots import random, recorded
from whet.evaluation.worlds.digest import digest, elsewhere
from whet.evaluation.worlds.trial import Seated, WorldTrial
from whet.protocols import Bot, World

_CLOCKS = frozenset({"time", "datetime", "uuid", "secrets"})


async def tasks(trial: WorldTrial) -> tuple[bool, str]:
    """Equal dice give equal tasks, with equal canonical forms."""
    for place in range(trial.plays):
        one, two = trial.task(place), trial.task(place)
        if (one.prompt, one.info, one.answer) != (two.prompt, two.info, two.answer):
            return False, f"draw gives another task from the same dice ({one.id})"
        if trial.world.canonical(one) != trial.world.canonical(two):
            return False, f"canonical differs for equal tasks ({one.id})"
    names = {trial.world.canonical(trial.task(place)) for place in range(trial.plays)}
    return True, f"{len(names)} different of {trial.plays}"


async def replay_equal(trial: WorldTrial) -> tuple[bool, str]:
    """The same replies meet the same observations and the same verdict."""
    for place in range(trial.plays):
        task = trial.task(place)
        before = deepcopy(dict(task.info))
        one = await trial.played(task, trial.by_chance(place))
        if dict(task.info) != before:
            return False, f"the play changes the info of task {task.id}"
        said = {s: iter([t.reply for t in one.turns if t.seat == s]) for s in one.verdicts}
        two = await trial.played(task, lambda seat, said=said: recorded(said.get(seat, iter(()))))
        if one.said() != two.said():
            return False, f"the same replies are answered in another way ({task.id})"
    return True, f"{trial.plays} plays"


async def second_process(trial: WorldTrial) -> tuple[bool, str]:
    """A second process with another hash seed draws and plays the same."""
    here = await digest(trial.world, trial.level)
    there = await asyncio.to_thread(elsewhere, trial.name, trial.level)
    return here == there, f"{here} here, {there} with another hash seed"


async def isolation(trial: WorldTrial) -> tuple[bool, str]:
    """Plays that take turns go as they go one after the other."""
    tasks = [trial.task(place % 4) for place in range(trial.interleaved)]

    def slowly(place: int) -> Seated:
        rng = Random(f"chance {place}")

        def seated(seat: str) -> Bot:
            chance = random(trial.world, rng)

            async def reply(observation: object, options: Sequence[str]) -> str:
                await asyncio.sleep(0)
                return await chance(str(observation), options)

            return reply

        return seated

    alone = [await play(trial.world, t, slowly(n)) for n, t in enumerate(tasks)]
    plays = (play(trial.world, t, slowly(n)) for n, t in enumerate(tasks))
    together = await asyncio.gather(*plays)
    same = sum(a.said() == b.said() for a, b in zip(alone, together, strict=True))
    return same == len(tasks), f"{same} of {len(tasks)} plays are the same interleaved"


async def global_state(trial: WorldTrial) -> tuple[bool, str]:
    """The world imports no clock, and neither reads nor seeds the global dice."""
    clocks = sorted(_CLOCKS & set(_imports(trial.world)))
    if clocks:
        return False, f"its module imports {', '.join(clocks)}"
    before = dice.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        said = [await _after_seeding(trial, seed) for seed in (1, 2)]
    finally:
        dice.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
    if said[0][0] != said[1][0]:
        return False, "it draws from the global dice of Python or NumPy"
    if any(one == two for one, two in zip(said[0][1], said[1][1], strict=True)):
        return False, "it seeds the global dice of Python or NumPy"
    return True, "no clock, no global dice"


async def _after_seeding(trial: WorldTrial, seed: int) -> tuple[list[str], tuple[str, str]]:
    """Plays by chance after the global dice were seeded, and the next draws of both dice."""
    dice.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    plays = [await trial.played(trial.task(n), trial.by_chance(n)) for n in range(10)]
    return [played.said() for played in plays], (str(dice.random()), str(np.random.random()))  # noqa: NPY002


def _imports(world: World) -> Iterator[str]:
    """The modules that the world's file imports."""
    tree = ast.parse(inspect.getsource(inspect.getmodule(world) or type(world)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]

"""Plays of worlds without an engine: bots in the policy's place, and what was said."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from random import Random
from typing import Any

from whet import registry
from whet.protocols import World
from whet.types import Reply, Task, Verdict

WORLDS = {
    name: part
    for name, place in registry.names("environment").items()
    if isinstance(part := place.load(), type) and issubclass(part, World)
}
LEVELS = [
    (name, level)
    for name, part in WORLDS.items()
    for level in range(part.levels[0], part.levels[1] + 1)
]


@dataclass
class Said:
    """A finished play: for each ask its seat, observation, options and reply; and the verdicts."""

    asks: list[tuple[str, str, tuple[str, ...], str]] = field(default_factory=list)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)

    def observations(self, seat: str = "") -> list[str]:
        return [observation for name, observation, _, _ in self.asks if name == seat]

    def replies(self, seat: str = "") -> list[str]:
        return [reply for name, _, _, reply in self.asks if name == seat]

    @property
    def verdict(self) -> Verdict:
        return self.verdicts[""]

    @property
    def scores(self) -> tuple[float, ...]:
        return tuple(verdict.score for verdict in self.verdicts.values())


@dataclass
class Handle:
    """The policy's handle of one seat."""

    bots: dict[str, Any]
    said: Said
    name: str = ""
    seed: int = 0

    async def __call__(self, observation, *, options=(), state="", **how):
        await asyncio.sleep(0)
        reply = await self.bots[self.name](observation, options)
        self.said.asks.append((self.name, observation, tuple(options), reply))
        self.said.states.append(state)
        return Reply(reply)

    def fork(self, number):
        raise AssertionError(f"forked into {number}")

    def seat(self, name):
        return Handle(self.bots, self.said, name)

    def end(self, verdict):
        assert self.name not in self.said.verdicts
        self.said.verdicts[self.name] = verdict


async def playing(world: World, task: Task, bots: dict[str, Any]) -> Said:
    said = Said()
    verdict = await world.play(task, Handle(bots, said))
    if verdict is not None:
        assert not said.verdicts
        said.verdicts[""] = verdict
    said.verdicts = {name: said.verdicts[name] for name in world.seats}
    return said


def played(world: World, task: Task, *bots: Any) -> Said:
    """A play with an bot for each seat, or with one for all."""
    named = dict(zip(world.seats, bots * (len(world.seats) // len(bots)), strict=True))
    return asyncio.run(playing(world, task, named))


def saying(*replies: str) -> Callable[..., Any]:
    """An bot that says these replies, and the last one again and again."""
    number = count()

    async def say(observation, options):
        return replies[min(next(number), len(replies) - 1)]

    return say


def chance(task: Task, rng: Random) -> Callable[..., Any]:
    """The random player: an option, or a random code or number where none are listed."""

    async def draw(observation, options):
        if options:
            return rng.choice(options)
        low, high = (1, 2 ** task.info["level"] - 1) if "colours" not in task.info else (0, 0)
        colours, positions = task.info.get("colours", 1), task.info.get("positions", 0)
        code = "".join(str(rng.randint(1, colours)) for _ in range(positions))
        return code or str(rng.randint(low, high))

    return draw


def tasks(name: str, level: int, number: int, **settings: Any) -> list[Task]:
    world = WORLDS[name](**settings)
    return [world.draw(Random(f"{name}/{level}/{n}"), level) for n in range(number)]


def digest(number: int) -> dict[str, str]:
    """By world: a hash of draws, and of plays of the random player, at every level."""
    found = {name: sha256() for name in WORLDS}
    for name, level in LEVELS:
        world = WORLDS[name]()
        for n, task in enumerate(tasks(name, level, number)):
            said = played(world, task, chance(task, Random(n)))
            line = repr((task, world.canonical(task), said.asks, said.verdicts, said.states))
            found[name].update(line.encode())
    return {name: one.hexdigest() for name, one in found.items()}


if __name__ == "__main__":
    import json
    import random
    import sys

    before = random.getstate()
    found = digest(int(sys.argv[1]))
    sys.stdout.write(json.dumps([found, random.getstate() == before]))

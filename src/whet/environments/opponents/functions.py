"""Opponents that are functions: chance, a world's own expert, a function of yours."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random

from whet.environments.opponents.seats import Bots
from whet.protocols import Bot, World
from whet.types import Prompt, Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance(Bots):
    """Draws evenly from the options that the world lists.

    Its player raises `UsageError` where the world lists none.
    """

    def sit(self, world: World, task: Task, rng: Random) -> Bot:
        async def draw(observation: Prompt, options: Sequence[str]) -> str:
            del observation
            _check_listed(options, world, task, "Chance")
            return rng.choice([*options])

        return draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Expert(Bots):
    """The expert of the world itself. Raises `UsageError` where the world has none."""

    def sit(self, world: World, task: Task, rng: Random) -> Bot:
        bot = world.expert(task, rng)
        if bot is None:
            raise UsageError(
                f"{type(world).__name__} has no expert for task {task.id!r}; give another opponent"
            )
        return bot


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripted(Bots):
    """A coroutine function of yours: `async def move(observation, options) -> str`."""

    move: Callable[[Prompt, Sequence[str]], Awaitable[str]]

    def sit(self, world: World, task: Task, rng: Random) -> Bot:
        del world, task, rng

        async def reply(observation: Prompt, options: Sequence[str]) -> str:
            return await self.move(observation, options)

        return reply


@dataclass(frozen=True, slots=True, kw_only=True)
class NoisyExpert(Bots):
    """The expert of the world, but each reply is a random option with probability `noise`.

    The expert goes on from where a random reply has led.  It hears of one as `World.expert` says:
    it is asked with that option alone.

    A reply for which the world lists no options is the expert's.  Raises `UsageError` where the
    world has no expert, and its player does where the first reply has no options.
    """

    noise: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.noise <= 1:
            raise UsageError(f"noisy_expert.noise is {self.noise}; give a probability")

    def sit(self, world: World, task: Task, rng: Random) -> Bot:
        bot = Expert().sit(world, task, rng)
        started = False

        async def reply(observation: Prompt, options: Sequence[str]) -> str:
            nonlocal started
            if self.noise and not started:
                _check_listed(options, world, task, "NoisyExpert")
            started = True
            if not options or rng.random() >= self.noise:
                return await bot(observation, options)
            drawn = rng.choice([*options])
            await bot(observation, (drawn,))
            return drawn

        return reply


def _check_listed(options: Sequence[str], world: World, task: Task, name: str) -> None:
    if not options:
        raise UsageError(
            f"{type(world).__name__} lists no options for task {task.id!r}, which opponent {name} "
            "draws from; give another opponent"
        )

"""The interface of opponents, and the seat of one that is a function."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from whet.protocols import Bot, Learner, Part, Policy, World, WorldSetup
from whet.types import Prompt, Reply, Task, UsageError, Verdict, seed_of


class Opponent(Part):
    """A player of a seat that is not trained. What it says is in no rollout of its own.

    The settings of one may open another one, which has the models and a state. Its state is in
    every checkpoint.
    """

    __slots__ = ()

    @abstractmethod
    def seated(self, policy: Policy, seat: str, world: World, task: Task) -> Policy:
        """The handle of its seat, for one play of the world; `policy` is the play's own handle."""

    async def open(self, setup: WorldSetup) -> "Opponent":
        """What plays in a run or an evaluation, before its first play."""
        del setup
        return self

    async def after_step(self, done: int, learner: Learner, checkpoints: Path) -> None:
        """Called after each step, of `done` in all, with the folder of the run's checkpoints."""
        del done, learner, checkpoints

    async def save(self, folder: Path) -> None:
        """Write its state into a checkpoint."""
        del folder

    async def load(self, folder: Path) -> None:
        """Restore exactly the state that `save` wrote."""
        del folder

    async def close(self) -> None:
        """Free the memory of its models."""


class Bots(Opponent):
    """An opponent whose player is a coroutine function, made anew for each play."""

    __slots__ = ()

    @abstractmethod
    def sit(self, world: World, task: Task, rng: Random) -> Bot:
        """The player for one play; all its dice come from `rng`."""

    def seated(self, policy: Policy, seat: str, world: World, task: Task) -> Policy:
        """The handle of the player, whose dice come from the task and the seed of the play."""
        return Seated(self.sit(world, task, dice(policy, seat, task)), policy.seed)


def dice(policy: Policy, seat: str, task: Task) -> Random:
    """The dice of an opponent in one play.

    The task is part of their seed, because all greedy plays of an evaluation have one seed.
    """
    return Random(seed_of(policy.seed, "opponent", seat, task.id))


@dataclass(frozen=True, slots=True)
class Seated:
    """The handle of a seat that an opponent has. Nothing is recorded of it."""

    bot: Bot
    seed: int

    async def __call__(
        self, observation: Prompt, *, options: Sequence[str] = (), **how: Any
    ) -> Reply:
        """The opponent's reply; it has no use for tools, limits and stop strings."""
        del how
        return Reply(await self.bot(observation, options))

    def fork(self, number: int) -> "tuple[Seated, ...]":
        """Raise `UsageError`: an opponent may have a state that can't be copied."""
        raise UsageError(
            f"the environment forks an opponent into {number}; fork a seat of the policy"
        )

    def seat(self, name: str) -> Policy:
        """Raise `UsageError`: seats are given by the handle of the play."""
        raise UsageError(f"seat {name!r} is asked of an opponent; ask the handle of the play")

    def end(self, verdict: Verdict) -> None:
        """Nothing: an opponent learns nothing."""
        del verdict

"""A world in which a fixed opponent has one of the seats."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from whet.environments.opponents import Chance, Opponent
from whet.protocols import Bot, Environment, Policy, World
from whet.types import Prompt, Reply, Task, UsageError, Verdict, seed_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Against(Environment):
    """A world with several seats, one of them for an opponent; the policy learns from the others.

    The opponent's dice come from the task and the seed of the play.  Without `seat`, the task
    decides which one is the opponent's, so that the rollouts of a group play from the same seat.

    Raises `UsageError` for a seat that the world does not have.
    """

    world: World
    opponent: Opponent = field(default_factory=Chance)
    seat: str = ""

    def __post_init__(self) -> None:
        if len(self.world.seats) == 1 or self.seat and self.seat not in self.world.seats:
            known = ", ".join(map(repr, self.world.seats))
            raise UsageError(
                f"environment.seat is {self.seat!r}, but {type(self.world).__name__} has {known}; "
                "give one of them, in a world with two or more"
            )

    async def play(self, task: Task, policy: Policy) -> Verdict | None:
        """Play the world's task with the opponent at its seat."""
        seat = self.seat or Random(f"seat of {task.id}").choice(self.world.seats)
        rng = Random(seed_of(policy.seed, "opponent", seat, task.id))
        bot = self.opponent.sit(self.world, task, rng)
        return await self.world.play(task, Shared(policy, seat, bot))


@dataclass(frozen=True, slots=True)
class Shared:
    """The policy's handle, but for one seat."""

    policy: Policy
    name: str
    bot: Bot

    @property
    def seed(self) -> int:
        """The seed of the play."""
        return self.policy.seed

    async def __call__(self, observation: Prompt, **how: Any) -> Reply:
        """The policy's reply, with all that the world asks of it."""
        return await self.policy(observation, **how)

    def fork(self, number: int) -> "tuple[Shared, ...]":
        """Forks of the policy's conversation, all with the same opponent."""
        return tuple(Shared(one, self.name, self.bot) for one in self.policy.fork(number))

    def seat(self, name: str) -> Policy:
        """The opponent's seat, or another one of the policy."""
        return Seated(self.bot, self.seed) if name == self.name else self.policy.seat(name)

    def end(self, verdict: Verdict) -> None:
        """End the policy's conversation."""
        self.policy.end(verdict)


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

"""A world in which a fixed opponent has one of the seats."""

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from whet.environments.opponents import Chance, Opponent
from whet.protocols import Environment, Policy, World, WorldSetup
from whet.types import Prompt, Reply, Task, UsageError, Verdict


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
        other = self.opponent.seated(policy, seat, self.world, task)
        return await self.world.play(task, Shared(policy, seat, other))

    async def open(self, setup: WorldSetup) -> "Against":
        """The same world with the opponent that is ready to play."""
        return replace(self, opponent=await self.opponent.open(setup))

    @property
    def opponents(self) -> tuple[Opponent, ...]:
        """The opponent."""
        return (self.opponent,)

    @property
    def lowest_score(self) -> float:
        """The lowest score of the world."""
        return self.world.lowest_score


@dataclass(frozen=True, slots=True)
class Shared:
    """The policy's handle, but for one seat."""

    policy: Policy
    name: str
    other: Policy

    @property
    def seed(self) -> int:
        """The seed of the play."""
        return self.policy.seed

    async def __call__(self, observation: Prompt, **how: Any) -> Reply:
        """The policy's reply, with all that the world asks of it."""
        return await self.policy(observation, **how)

    def fork(self, number: int) -> "tuple[Shared, ...]":
        """Forks of the policy's conversation, all with the same opponent."""
        return tuple(Shared(one, self.name, self.other) for one in self.policy.fork(number))

    def seat(self, name: str) -> Policy:
        """The opponent's seat, or another one of the policy."""
        return self.other if name == self.name else self.policy.seat(name)

    def end(self, verdict: Verdict) -> None:
        """End the policy's conversation."""
        self.policy.end(verdict)

"""Whatever plays requests: one player for all engines, or a fleet of them."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from whet.protocols.worlds import Environment
from whet.types import Group, Prompt, Request, Rollout, Task, Version
from whet.types.weights import Flight, Weights


@runtime_checkable
class Renderer(Protocol):
    """Text to tokens and back, for one model."""

    def demonstration(self, task: Task, reply: str) -> Rollout:
        """The rollout that would have said `reply`; none of its tokens is the policy's choice."""
        ...

    def opening(self, prompt: Prompt) -> tuple[int, ...]:
        """The token ids of a prompt, up to where the policy begins to speak."""
        ...


@runtime_checkable
class Player(Protocol):
    """Plays requests in an environment."""

    @property
    def renderer(self) -> Renderer:
        """How this player's model reads and writes text."""
        ...

    def within(self, environment: Environment) -> "Player":
        """The same player in another environment."""
        ...

    async def play(self, request: Request) -> tuple[Group, ...]:
        """Play a request, all of its plays at once; one group per trained seat."""
        ...

    async def update(self, weights: Weights, flight: Flight) -> Version:
        """Play with these weights from now on."""
        ...

    def held(self) -> Version:
        """The version of the weights that are really here."""
        ...

    def token_counts(self) -> Mapping[str, int]:
        """Tokens prefilled, shared and decoded so far."""
        ...

    async def close(self) -> None:
        """Free everything."""
        ...

"""The player for all engines: an environment asks, a generator replies, a recorder records."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from whet.environments.single_turn import SingleTurn
from whet.protocols import Environment, Generator, Renderer
from whet.rollouts.open_plays import RequestPlays
from whet.sampling.part_calls import call_async, name_of
from whet.sampling.structured.chains import Chains
from whet.types import Group, Request, Rollout, UsageError, Version
from whet.types.requests import RolloutShape
from whet.types.returned import listed
from whet.types.weights import Flight, Leaf, Weights


async def rolled(shape: RolloutShape, request: Request, open_plays: RequestPlays) -> object:
    """What a shape returns; an error of one of its plays stays what it is."""
    try:
        return await call_async(shape.roll, request, open_plays)
    except UsageError as error:
        broken = open_plays.broken
        if broken is None or broken is error:
            raise
    raise broken


@dataclass(frozen=True, slots=True)
class RolloutPlayer:
    """Plays any number of requests concurrently; the generator batches their sequences."""

    generator: Generator
    renderer: Renderer
    environment: Environment = SingleTurn()

    def within(self, environment: Environment) -> "RolloutPlayer":
        """The same generator in another environment."""
        return replace(self, environment=environment)

    async def play(self, request: Request) -> tuple[Group, ...]:
        """Sample a request in its shape; one group per seat, in order of first use.

        If one play fails, the others are cancelled and awaited.  Raises `UsageError` for an
        environment that fails by itself, and for a shape that returns something else than rollouts.
        """
        shape = Chains() if request.shape is None else request.shape
        open_plays = RequestPlays(
            self.generator, self.renderer, self.environment, request, shape.resumes
        )
        try:
            leaves = await rolled(shape, request, open_plays)
            rollouts = open_plays.within(listed(name_of(shape.roll), leaves, Rollout))
        finally:
            open_plays.end()
        seats: dict[str, list[Rollout]] = {}
        for rollout in rollouts:
            seats.setdefault(rollout.seat, []).append(rollout)
        return tuple(
            Group(task=request.task, rollouts=tuple(members), seat=seat)
            for seat, members in seats.items()
        )

    async def update(self, weights: Weights, flight: Flight) -> Version:
        """Sample with these weights from now on."""
        return await self.generator.update(weights, flight)

    def held(self) -> Version:
        """Version of the weights that the generator holds."""
        return self.generator.held()

    def manifest(self) -> Mapping[str, Leaf]:
        """Tensors of the weights that the generator holds."""
        return self.generator.manifest()

    def token_counts(self) -> Mapping[str, int]:
        return self.generator.token_counts()

    async def close(self) -> None:
        await self.generator.close()

"""The player for all engines: an environment asks, a generator replies, a recorder records."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from whet.environments.single_turn import SingleTurn
from whet.protocols import Environment, Generator, Renderer
from whet.rollouts.recorder import Record
from whet.rollouts.worlds import played
from whet.types import Group, Play, Request, Rollout, Version
from whet.types.weights import Flight, Weights


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
        """Run all plays of a request concurrently; one group per seat, in order of first use.

        If one play fails, the others are cancelled and awaited.  Raises `UsageError` for an
        environment that fails by itself.
        """
        plays = await _all([self._play(request, play) for play in request.plays])
        seats: dict[str, list[Rollout]] = {}
        for rollouts in plays:
            for rollout in rollouts:
                seats.setdefault(rollout.seat, []).append(rollout)
        return tuple(
            Group(task=request.task, rollouts=tuple(rollouts), seat=seat)
            for seat, rollouts in seats.items()
        )

    async def _play(self, request: Request, play: Play) -> list[Rollout]:
        record = Record(self.generator, self.renderer, request.task, play)
        seen = request.task if play.prompt is None else replace(request.task, prompt=play.prompt)
        try:
            return await played(self.environment, record, seen)
        finally:
            record.end()

    async def update(self, weights: Weights, flight: Flight) -> Version:
        """Sample with these weights from now on."""
        return await self.generator.update(weights, flight)

    def held(self) -> Version:
        """Version of the weights that the generator holds."""
        return self.generator.held()

    def token_counts(self) -> Mapping[str, int]:
        return self.generator.token_counts()

    async def close(self) -> None:
        await self.generator.close()


async def _all(plays: Sequence[Coroutine[Any, Any, list[Rollout]]]) -> list[list[Rollout]]:
    tasks = [asyncio.ensure_future(play) for play in plays]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

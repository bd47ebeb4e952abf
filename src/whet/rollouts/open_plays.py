"""The plays of one request: their records stay open until the request is done."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from whet.protocols import Environment, Generator, Renderer
from whet.rollouts.recorder import Record
from whet.rollouts.worlds import played
from whet.types import Play, Request, Rollout, UsageError
from whet.types.lineage import Fork, forks


@dataclass(slots=True)
class RequestPlays:
    """Plays any number of plays of a request, so that later ones may go on from earlier ones."""

    generator: Generator
    renderer: Renderer
    environment: Environment
    request: Request
    resumes: bool  # keep what the generator computed for a play, for later ones
    records: list[Record] = field(default_factory=list)
    played: list[Rollout] = field(default_factory=list)
    broken: Exception | None = None  # what ended a play: of the generator, and not of the shape
    begun: list[Rollout] = field(default_factory=list)  # of other requests, that plays began with
    sessions: dict[str, str] = field(default_factory=dict)  # by the id of a rollout

    async def play(self, plays: Sequence[Play]) -> list[list[Rollout]]:
        """The rollouts of each play, in order. If one play fails, the others are cancelled.

        Raises `UsageError` for an environment that fails by itself, for a play that begins with a
        rollout of another temperature, and for what is no sequence of plays.
        """
        if not isinstance(plays, Sequence) or not all(isinstance(play, Play) for play in plays):
            raise UsageError(f"plays.play got {plays!r:.80}; give a sequence of Play")
        return await _all([self._play(play) for play in plays])

    def ids(self, text: str) -> tuple[int, ...]:
        """Token ids of a text within a reply."""
        return self.renderer.reply_ids(text)

    def within(self, leaves: Sequence[Rollout]) -> list[Rollout]:
        """The rollouts that the shape returned, each with a parent among them.

        Paused plays are inner nodes of a tree and no leaves of it; a leaf that goes on from one
        takes its place.  Raises `UsageError` for a fork that is none.
        """
        self._check_forks(leaves)
        places = forks(leaves, self.played)
        return [
            leaf if place == (leaf.parent, leaf.forked_at) else _moved(leaf, place)
            for leaf, place in zip(leaves, places, strict=True)
        ]

    def _check_forks(self, leaves: Sequence[Rollout]) -> None:
        """A forked rollout begins with the sampled tokens of its parent, up to the fork."""
        known = {rollout.id: rollout for rollout in (*self.begun, *self.played, *leaves)}
        for leaf in leaves:
            parent, at = known.get(leaf.parent), leaf.forked_at
            if not leaf.parent:
                continue
            if parent is None:
                raise UsageError(
                    f"rollout {leaf.id} is forked from {leaf.parent!r}, which was not played for "
                    "this request; give it the id of one that was, or no parent"
                )
            shared = parent.chosen_ids[:at]
            if at > leaf.length or not np.array_equal(shared, leaf.chosen_ids[:at]):
                raise UsageError(
                    f"rollout {leaf.id} is forked from {leaf.parent} behind {at} sampled tokens, "
                    "which are not the same in both; give the number that they share"
                )

    def end(self) -> None:
        """Free the generator's sessions."""
        for record in self.records:
            record.end()

    async def _play(self, play: Play) -> list[Rollout]:
        task = self.request.task
        record = Record(self.generator, self.renderer, task, play, self._begun_in(play))
        if self.resumes:
            self.records.append(record)
        seen = task if play.prompt is None else replace(task, prompt=play.prompt)
        try:
            rollouts = await played(self.environment, record, seen)
        except Exception as error:
            self.broken = self.broken or error
            raise
        finally:
            record.over = True
            if not self.resumes:
                record.end()
        self.played += rollouts
        self.sessions |= {handle.id: handle.session for handle in record.handles}
        return rollouts

    def _begun_in(self, play: Play) -> str:
        """The session of the rollout that a play begins with; empty where it has ended."""
        if play.begun is None:
            return ""
        rollout, tokens = play.begun
        self.begun.append(rollout)
        before, now = rollout.decoding.logp_temperature, play.decoding.logp_temperature
        if before != now and tokens:
            raise UsageError(
                f"a play at temperature {now} begins with a rollout at {before}; the tokens of a "
                "rollout have one temperature"
            )
        return self.sessions.get(rollout.id, "")


def _moved(leaf: Rollout, place: Fork) -> Rollout:
    return replace(leaf, parent=place.parent, forked_at=place.at)


async def _all(plays: Sequence[Coroutine[Any, Any, list[Rollout]]]) -> list[list[Rollout]]:
    tasks = [asyncio.ensure_future(play) for play in plays]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

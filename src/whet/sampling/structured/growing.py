"""Trees while they are sampled: forks of rollouts, and what becomes of them."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from whet.protocols import OpenPlays, Shape
from whet.types import Finish, Play, Rollout, RunSpec, UsageError, seed_of


class Shoot(NamedTuple):
    """A sampled rollout of a tree, and whether it was interrupted (`Play.pause_at`).

    A rollout that ended with its last token before the pause counts as interrupted.
    """

    rollout: Rollout
    paused: bool


def fork(
    play: Play, rollout: Rollout, at: int, child: object, *, prefix: tuple[int, ...] = ()
) -> Play:
    """A play that goes on from the first `at` sampled tokens of a rollout of `play`.

    Its seed is hashed from (seed of the rollout, at, child). Words that the rollout was made to
    begin with are never cut.
    """
    at = max(at, rollout.forced_len)
    seed = seed_of(rollout.seed, at, child)
    return replace(play, seed=seed, begun=(rollout, at), prefix=prefix, pause_at=0)


def continued(play: Play, rollout: Rollout, *, prefix: tuple[int, ...] = ()) -> Play:
    """A play that goes on from the end of a paused rollout, as if it had not been paused."""
    return replace(
        play, seed=rollout.seed, begun=(rollout, rollout.length), prefix=prefix, pause_at=0
    )


def failed(rollout: Rollout) -> bool:
    """Whether the rollout ended in a fault."""
    return rollout.verdict is not None and not rollout.verdict.judged


def reply_start(rollout: Rollout) -> int:
    """Number of sampled tokens before the reply that a paused rollout goes on with."""
    if rollout.acts and rollout.acts[-1].finish is Finish.LENGTH:
        return rollout.spoken[-1].start
    return rollout.length


async def extended(plays: OpenPlays, asked: Sequence[Play]) -> list[Rollout]:
    """The rollout of each play.

    Raises `UsageError` for an environment with several conversations in a play.
    """
    found = await plays.play(asked)
    for rollouts in found:
        if len(rollouts) != 1:
            raise UsageError(
                "sampling.shape makes a tree of one conversation, but a play of the environment "
                f"has {len(rollouts)}; give --sampling.shape chains"
            )
    return [rollouts[0] for rollouts in found]


async def grown(plays: OpenPlays, families: Sequence[Sequence[Play]]) -> list[list[Shoot]]:
    """The rollouts of families of plays; the plays of a family begin with the same tokens.

    If the plays go on from a rollout that was at its end already, they are equal, and the first one
    stands for all.
    """
    asked = [play for family in families for play in family]
    found = iter(await extended(plays, asked))
    shoots = [[_shoot(play, next(found)) for play in family] for family in families]
    return [[x for n, x in enumerate(family) if n == 0 or _is_new(x.rollout)] for family in shoots]


def _shoot(play: Play, rollout: Rollout) -> Shoot:
    reached = 0 < play.pause_at <= rollout.length
    return Shoot(rollout, reached and rollout.verdict is None)


def _is_new(rollout: Rollout) -> bool:
    return not rollout.parent or rollout.length > rollout.forked_at or failed(rollout)


async def together(trees: Sequence[Coroutine[Any, Any, list[Rollout]]]) -> list[Rollout]:
    """The rollouts of all trees, which are sampled concurrently.

    If one fails, the others are cancelled and awaited.
    """
    tasks = [asyncio.ensure_future(tree) for tree in trees]
    try:
        return [rollout for found in await asyncio.gather(*tasks) for rollout in found]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def one_turn(shape: Shape, spec: RunSpec) -> str:
    """A warning of a shape that forks between replies, in a world of one reply."""
    if spec.several_turns:
        return ""
    return (
        f"sampling.shape {type(shape).__name__} forks behind a reply, and a play of the "
        "environment has one reply, so every rollout begins at the prompt; give --sampling.shape "
        "tree, or chains"
    )


def check_counts(least: int, **settings: int) -> None:
    """Raise `UsageError` for a setting of a shape below `least`."""
    for name, value in settings.items():
        if value < least:
            raise UsageError(f"sampling.shape.{name} is {value}; give {least} or more")

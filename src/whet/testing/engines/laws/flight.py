"""The law of flight: how new weights treat replies that are under way."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from whet.engines.models import Folder
from whet.engines.plain.forward import chosen
from whet.protocols import Learner, Player
from whet.testing.engines.examined import (
    FREE,
    SEEDS,
    ExaminedEngine,
    ids_of,
    objective,
    played,
    rollouts_of,
)
from whet.testing.engines.findings import LawRecord
from whet.testing.engines.laws.learning import UNCLIPPED
from whet.types import Group, IntegrityError, Rollout, UsageError
from whet.types.weights import Continue, Drain, Flight, Weights

_TURNS, _SLOW, _WAIT = 400, 200, 0.01  # of the event loop; the later ones take this many seconds
_BEGUN = 2  # tokens a reply, on average, before the weights arrive


async def updates_treat_live_replies_as_told(subject: ExaminedEngine, found: LawRecord) -> None:
    """`Continue` goes on with the new weights from the tokens that are there; `Drain` cuts none.

    Each token is of the weights that its version names.  With equal weights a reply that was
    interrupted is the one that was not, since a token depends on its seed and its place alone.
    """
    async with subject.opened() as (player, learner):
        learner.reset_optimizer(UNCLIPPED)
        batch = await subject.batch(learner)
        free = rollouts_of(await played(player))
        same = await _during(player, await learner.publish(), Continue(), found)
        if found.unshown:
            return
        _alike(subject, found, free, same)
        before = await _model(learner)
        await learner.step(objective(), batch, 3e-2)
        weights = await learner.publish()
        mixed = await _during(player, weights, Continue(), found)
        models = {weights.version: await _model(learner)}
        _by_version(subject, found, mixed, lambda version: models.get(version, before))
        await learner.step(objective(), batch, 3e-2)
        drained = await _during(player, await learner.publish(), Drain(), found)
    cut = [rollout for rollout in drained if len({span.version for span in rollout.spans}) > 1]
    found.holds(f"Drain() cuts {len(cut)} replies that are under way", sound=not cut)


async def _during(
    player: Player, weights: Weights, flight: Flight, found: LawRecord
) -> Sequence[Rollout]:
    """Replies during which these weights arrive."""
    before = player.token_counts().get("decoded", 0)
    due = before + _BEGUN * len(SEEDS)
    playing = asyncio.create_task(played(player, FREE))
    for turn in range(_TURNS):
        await asyncio.sleep(0 if turn < _SLOW else _WAIT)
        if playing.done() or player.token_counts().get("decoded", 0) >= due:
            break
    if playing.done():
        found.unshown = "replies are computed at once, so that no weights arrive during one"
        return rollouts_of(await playing)
    return await _interrupted(player, weights, flight, playing, found)


async def _interrupted(
    player: Player,
    weights: Weights,
    flight: Flight,
    playing: "asyncio.Task[list[Group]]",
    found: LawRecord,
) -> Sequence[Rollout]:
    try:
        await player.update(weights, flight)
    except IntegrityError as error:
        found.holds(f"{flight} is refused: {error}", sound=isinstance(flight, Drain))
    except UsageError as error:
        found.unshown = str(error)
    return rollouts_of(await playing)


async def _model(learner: Learner) -> Any:
    with TemporaryDirectory() as place:
        await learner.save(Path(place))
        model, _ = Folder.as_saved(Path(place)).load("cpu")
    return model.eval()


def _alike(
    subject: ExaminedEngine, found: LawRecord, free: Sequence[Rollout], cut: Sequence[Rollout]
) -> None:
    """Replies that were interrupted by equal weights are those that were not."""
    if not subject.limits.texts:
        return
    known = {(rollout.task.id, rollout.seed): ids_of(rollout) for rollout in free}
    other = [r for r in cut if ids_of(r) != known.get((r.task.id, r.seed))]
    told = f"{len(other)} of {len(cut)} replies are others when equal weights arrive during them"
    found.holds(told, sound=not other)


def _by_version(
    subject: ExaminedEngine,
    found: LawRecord,
    rollouts: Sequence[Rollout],
    model: Callable[[Any], Any],
) -> None:
    """Each log-prob is of the weights that the token's version names."""
    versions = {span.version for rollout in rollouts for span in rollout.spans}
    if len(versions) == 1:
        found.unshown = "no reply was under way when weights arrived"
    for rollout in rollouts:
        start = 0
        for span in rollout.spans:
            with torch.no_grad():
                due = chosen(model(span.version), rollout).logp[start : start + span.tokens]
            ours = torch.tensor(rollout.behaviour_logp)[start : start + span.tokens]
            found.near("a log-prob of a reply during an update", ours, due, subject.limits.logp)
            start += span.tokens

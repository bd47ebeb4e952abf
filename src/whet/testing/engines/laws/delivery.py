"""The law of delivery: new weights arrive whole, and before the next reply."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from whet.engines.digest import manifest, tree
from whet.engines.models import Folder
from whet.engines.plain.forward import chosen
from whet.protocols import Learner, Player
from whet.testing.engines.examined import ExaminedEngine, objective, played, rollouts_of
from whet.testing.engines.findings import LawRecord
from whet.testing.engines.laws.learning import UNCLIPPED
from whet.types import IntegrityError, TrainBatch
from whet.types.weights import Drain, Weights

_DELIVERIES = 3  # the second one finds what is late by one, or taken only once


async def weights_arrive_whole_and_on_time(subject: ExaminedEngine, found: LawRecord) -> None:
    """Replies after each update are those of the new weights, all of them, and say so.

    After weights that are refused the next ones are taken.
    """
    async with subject.opened() as (player, learner):
        batch = await subject.batch(learner)
        await played(player)  # keys of old weights are cached now
        learner.reset_optimizer(UNCLIPPED)
        for _ in range(_DELIVERIES):
            weights = await _delivered(subject, found, (player, learner), batch)
            await _refuses(player, found, weights)


async def _delivered(
    subject: ExaminedEngine, found: LawRecord, pair: tuple[Player, Learner], batch: TrainBatch
) -> Weights:
    """Take a step, deliver its weights, and look at the replies."""
    player, learner = pair
    await learner.step(objective(), batch, 3e-2)
    weights = await learner.publish()
    _check_seal(subject, found, weights)
    told = await player.update(weights, Drain())
    for name, version in (("update", told), ("held", player.held())):
        found.holds(
            f"{name}() says version {version.step}, where {weights.version.step} is due",
            sound=version == weights.version,
        )
    replies = rollouts_of(await played(player))
    with TemporaryDirectory() as place:
        await learner.save(Path(place))
        fresh, _ = Folder.as_saved(Path(place)).load("cpu")
    fresh.eval()
    for rollout in replies:
        with torch.no_grad():
            new, ours = chosen(fresh, rollout).logp, torch.tensor(rollout.behaviour_logp)
        found.near("a log-prob after the update", ours, new, subject.limits.logp)
        versions = {span.version for span in rollout.spans}
        found.holds(
            "a reply after the update names other weights", sound=versions == {weights.version}
        )
    return weights


def _check_seal(subject: ExaminedEngine, found: LawRecord, weights: Weights) -> None:
    """The manifest is of the tensors; the version is too, unless they are adapters alone."""
    held = manifest(weights.tensors)
    whole = subject.engine.lora is not None or tree(held) == weights.version.digest
    found.holds(
        "the digest of published weights is not that of their tensors",
        sound=whole and held == dict(weights.manifest),
    )


async def _refuses(player: Player, found: LawRecord, weights: Weights) -> None:
    """Weights that lack a tensor, or have another one than was sealed, are not taken.

    A tensor that has two names is another one under both.
    """
    name = max(weights.tensors, key=lambda n: weights.tensors[n].numel())
    lacking = {n: t for n, t in weights.tensors.items() if n != name}
    own = weights.tensors[name]
    same = [n for n, t in weights.tensors.items() if t.shape == own.shape and torch.equal(t, own)]
    changed = {**weights.tensors, **dict.fromkeys(same, own + 1)}
    for what, tensors in (("without", lacking), ("with another", changed)):
        try:
            await player.update(replace(weights, tensors=tensors), Drain())
        except IntegrityError:
            continue
        found.holds(f"weights {what} {name} are taken", sound=False)

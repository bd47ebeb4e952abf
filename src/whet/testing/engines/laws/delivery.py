"""The law of delivery: new weights arrive whole, and before the next reply."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from whet.engines.digest import digest
from whet.engines.models import Folder
from whet.engines.plain.forward import chosen
from whet.protocols import Player
from whet.testing.engines.findings import Found
from whet.testing.engines.laws.learning import UNCLIPPED
from whet.testing.engines.subject import Subject, objective, played, rollouts_of
from whet.types import IntegrityError
from whet.types.weights import Drain, Weights


async def weights_arrive_whole_and_on_time(subject: Subject, found: Found) -> None:
    """Replies after an update are those of the new weights, all of them, and say so."""
    async with subject.opened() as (player, learner):
        batch = await subject.batch(learner)
        await played(player)  # keys of old weights are cached now
        learner.reset_optimizer(UNCLIPPED)
        await learner.step(objective(), batch, 3e-2)
        weights = await learner.publish()
        sealed = digest(weights.tensors) == weights.version.digest
        found.holds("the digest of published weights is not that of their tensors", sound=sealed)
        told = await player.update(weights, Drain())
        for name, version in (("update", told), ("held", player.held())):
            found.holds(
                f"{name}() says version {version.step}, where {weights.version.step} is due",
                sound=version == weights.version,
            )
        replies = rollouts_of(await played(player))
        await _refuses(player, found, weights)
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


async def _refuses(player: Player, found: Found, weights: Weights) -> None:
    """Weights that lack a tensor, or have another one than was sealed, are not taken."""
    name = max(weights.tensors, key=lambda n: weights.tensors[n].numel())
    lacking = {n: t for n, t in weights.tensors.items() if n != name}
    changed = {**weights.tensors, name: weights.tensors[name] + 1}
    for what, tensors in (("without", lacking), ("with another", changed)):
        try:
            await player.update(replace(weights, tensors=tensors), Drain())
        except IntegrityError:
            continue
        found.holds(f"weights {what} {name} are taken", sound=False)

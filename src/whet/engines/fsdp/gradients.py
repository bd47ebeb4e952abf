"""The gradient of a batch, of which every rank computes the part of its rollouts."""

from collections.abc import Sequence
from dataclasses import replace
from math import nan
from typing import NamedTuple

import torch
from torch import Tensor

from whet.engines.embedded.packing import PackedRollouts, pack
from whet.engines.embedded.shares import Share, share_of
from whet.engines.fsdp.dealing import deal, ghost
from whet.engines.fsdp.ranks import FirstError, agree_on
from whet.engines.fsdp.scoring import check_room, seen
from whet.engines.fsdp.sharding import Reading, ShardedBody
from whet.protocols.algorithm import Algorithm, TokenLoss
from whet.types import Batch, Need, Rollout, TrainBatch


class Shares(NamedTuple):
    """What the micro-batches of all ranks add to the report of a step, the same on all ranks."""

    shares: list[Share]
    odd: list[str]  # ids of tasks with a log-prob that is not finite
    ghosts: int  # forward passes that only accompanied those of other ranks


class _Told(NamedTuple):
    """What one rank tells the others about its share."""

    shares: list[Share]
    odd: list[str]
    ghosts: int
    error: tuple[bool, str] | None


def accumulate(body: ShardedBody, objective: Algorithm, given: TrainBatch, budget: int) -> Shares:
    """Add the gradient of the whole batch to this rank's rows of the weights.

    ∂L/∂θ = Σ_ranks Σ_micro-batches ∂L_m/∂θ, where the totals in L_m are of the whole batch

    No rank raises by itself: a log-prob that is not finite is told in the result, and an error of
    the objective is raised on all ranks after the last collective.
    """
    lossy, batch = _prepared(body, objective, given, budget)
    taught = lossy.has_gradient(batch)
    learned = [r for r, keep in zip(given.rollouts, taught.tolist(), strict=True) if keep]
    if not learned:
        return Shares([], [], 0)
    check_room(body.backbone, learned)
    ranks = body.ranks
    own = deal(learned, budget, ranks.size, ranks.rank)
    keep = torch.zeros(len(learned), dtype=torch.bool)
    keep[list(own.mine)] = True
    mine, rest = [learned[i] for i in own.mine], batch.where(taught).where(keep)
    pass_of = _Pass(body, lossy, Need.ENTROPY_GRADIENT in objective.needs, FirstError())
    found = [pass_of.backward(mine[part], rest[part]) for part in own.parts]
    for _ in range(own.ghosts):
        pass_of.accompany()
    told = _Told([s for s, _ in found], [n for _, o in found for n in o], own.ghosts, pass_of.told)
    everyone = ranks.gathered(told)
    if pass_of.first.error is not None:
        raise pass_of.first.error
    agree_on([rank.error for rank in everyone])
    return Shares(
        [share for rank in everyone for share in rank.shares],
        sorted({name for rank in everyone for name in rank.odd}),
        sum(rank.ghosts for rank in everyone),
    )


def _prepared(
    body: ShardedBody, objective: Algorithm, given: TrainBatch, budget: int
) -> tuple[TokenLoss, Batch]:
    """The loss that can be sliced, and the batch for it, the same on all ranks."""
    if Need.BATCH_LOGP in objective.needs:
        return objective.split(seen(body, given.rollouts, budget)[0], given.tokens)
    return objective, given.tokens.prepared(objective.selections)


class _Pass(NamedTuple):
    """Forward and backward passes of one step; each is a collective."""

    body: ShardedBody
    objective: TokenLoss
    weighed: bool  # whether entropies have a gradient
    first: FirstError  # of the objective

    @property
    def told(self) -> tuple[bool, str] | None:
        return self.first.told

    def backward(self, rollouts: Sequence[Rollout], batch: Batch) -> tuple[Share, list[str]]:
        """Add the gradient of a micro-batch; its share, and the ids of tasks that are not finite.

        The loss is computed on copies of the log-probs, so that whatever the objective does, the
        backward pass through the model follows; without a slope it has the gradient 0.
        """
        call = pack(rollouts, self.body.ranks.device)
        said = self.body.learned(call, self._reading(batch))
        leaves = [x.detach().cpu().requires_grad_(x.requires_grad) for x in said]
        odd = _odd(leaves, batch, rollouts)
        share = Share(nan, 0.0, (0.0, ""), len(call.tokens), len(leaves[0]), {})
        slopes = [torch.zeros_like(x) for x in leaves]
        if not odd:
            with self.first:
                batch = _answered(batch, leaves)
                share, slopes = self._slopes(leaves, batch, rollouts, len(call.tokens))
        _backwards(said, slopes)
        return share, odd

    def accompany(self) -> None:
        """A pass of two tokens with the gradient 0, while other ranks compute a micro-batch."""
        said = self.body.learned(ghost(self.body.ranks.device), self._reading(None))
        _backwards(said, [torch.zeros_like(x) for x in said])

    def _slopes(
        self, leaves: list[Tensor], batch: Batch, rollouts: Sequence[Rollout], computed: int
    ) -> tuple[Share, list[Tensor]]:
        """The share of a micro-batch, and the gradient of its loss by the model's answers."""
        logp = leaves[0]
        loss = self.objective.loss(logp, batch)
        sloped = [x for x in leaves if x.requires_grad]
        found = iter(torch.autograd.grad(loss, sloped, materialize_grads=True))
        further = computed, self.objective.metrics(logp.detach(), batch)
        share = share_of(loss.item(), (logp, leaves[1]), batch, rollouts, further)
        return share, [next(found) if x.requires_grad else torch.zeros_like(x) for x in leaves]

    def _reading(self, batch: Batch | None) -> Reading:
        """Log-probs and entropies, then those of observations and of candidates if they are due."""
        backbone = self.body.backbone
        choices = backbone.weighed if self.weighed else backbone.choices

        def reading(hidden: Tensor, call: PackedRollouts) -> tuple[Tensor, ...]:
            found = choices(hidden[call.source], call.choice, call.temperature, call.kept)
            if batch is not None and batch.observed is not None:
                of = call.observed
                found += backbone.choices(hidden[of.source], of.token, of.temperature)[:1]
            if batch is not None and batch.candidates is not None:
                ids = batch.candidates.to(hidden.device)
                found += (backbone.among(hidden[call.source], ids, call.temperature),)
            return found

        return reading


def _answered(batch: Batch, leaves: Sequence[Tensor]) -> Batch:
    """The batch with the model's answers in the order of `_Pass._reading`."""
    further = iter(leaves[2:])
    batch = replace(batch, learner_entropy=leaves[1])
    if batch.observed is not None:
        batch = replace(batch, observed=replace(batch.observed, learner_logp=next(further)))
    if batch.candidates is not None:
        batch = replace(batch, candidate_logp=next(further))
    return batch


def _odd(leaves: Sequence[Tensor], batch: Batch, rollouts: Sequence[Rollout]) -> list[str]:
    """Ids of the tasks with a log-prob that is not finite."""
    rows = batch.row[~leaves[0].isfinite()].tolist()
    if batch.observed is not None:
        rows += batch.observed.row[~leaves[2].isfinite()].tolist()
    return sorted({rollouts[i].task.id for i in rows})


def _backwards(said: Sequence[Tensor], slopes: Sequence[Tensor]) -> None:
    """Back-propagate slopes through the model.  It is a collective."""
    pairs = [(x, s.to(x)) for x, s in zip(said, slopes, strict=True) if x.requires_grad]
    torch.autograd.backward([x for x, _ in pairs], [s for _, s in pairs])

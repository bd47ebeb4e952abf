"""The sharded learner: one model on W ranks, each with 1/W of weights, gradients and moments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import isfinite
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.utils import clip_grad_norm_
from transformers import PreTrainedTokenizerBase

from whet.engines.digest import digest
from whet.engines.embedded.adapters import adapters, export, silenced
from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.fixed import FixedScorer, Scorer
from whet.engines.embedded.masters import InPlace, TrainedWeights
from whet.engines.embedded.repeatable import repeatable
from whet.engines.embedded.shares import NonFiniteError, report
from whet.engines.fsdp.checkpoint import Optimised, read, write
from whet.engines.fsdp.gradients import Shares, accumulate
from whet.engines.fsdp.scoring import candidates, seen
from whet.engines.fsdp.sharding import ShardedBody, shard
from whet.engines.fsdp.whole import (
    EveryRank,
    FirstRank,
    base_digest,
    merged,
    publication,
    whole_adapters,
)
from whet.engines.models import Folder
from whet.engines.padding import output_rows
from whet.engines.states import adamw, overwrite
from whet.protocols import Learner, Update
from whet.protocols.algorithm import Algorithm
from whet.protocols.engine import Candidates, Of, Reach
from whet.rollouts.vocabularies import vocabulary_digest
from whet.types import Rollout, TrainBatch
from whet.types.optimizers import AdamW
from whet.types.weights import Weights

_STATE, _ADAPTERS = "learner", "adapter"
_FIXED: dict[Of, str] = {"reference": "reference", "policy": "model that is never trained"}


@dataclass(slots=True)
class ShardedLearner(Learner):
    """A learner on W ranks.

    Every method is called by all ranks, in one order and with the same arguments, and gives the
    same result on all of them.  An error is raised on all of them.  Of a batch each rank computes
    whole prompt families; their gradients are summed, so W ranks have the loss and the gradient of
    one.
    """

    body: ShardedBody
    tokenizer: PreTrainedTokenizerBase
    budget: int  # most tokens in one forward pass of a rank; it changes no result
    keeper: EveryRank | FirstRank = EveryRank()  # the ranks that keep what is published
    settings: AdamW = AdamW()
    optimizer: torch.optim.Optimizer | None = None
    trained: TrainedWeights | None = None  # this rank's rows
    reference: Scorer | None = None
    published: Weights | None = None  # None: the weights have changed since the last publication
    ghosts: int = 0  # of all ranks, in the last step
    _fixed: dict[Of, FixedScorer] = field(default_factory=dict)
    _deliveries: int = 0

    @property
    def version(self) -> int:
        """Number of different sets of weights that were published."""
        return self._deliveries

    @property
    def dtype(self) -> str:
        """The dtype that the model computes in."""
        return str(self.body.dtype).removeprefix("torch.")

    @property
    def optimizer_steps(self) -> int | None:
        """Steps since the optimizer was fresh; None without one."""
        return None if self.trained is None else self.trained.taken

    @property
    def vocabulary(self) -> str:
        """Digest of the tokenizer's tokens and their ids."""
        return vocabulary_digest(self.tokenizer)

    @property
    def reach(self) -> Reach:
        return Reach(output_rows(self.body.model), self.body.backbone.positions)

    def reset_optimizer(self, optimizer: AdamW) -> None:
        """A fresh AdamW over this rank's rows of all trainable parameters."""
        self.settings = optimizer
        live = {n: p for n, p in self.body.parameters().items() if p.requires_grad}
        self.trained = TrainedWeights.of(live, InPlace())
        self.optimizer = adamw(self.trained.held, optimizer)

    async def step(self, objective: Algorithm, batch: TrainBatch, lr: float) -> Update:
        """Sum the gradients of all ranks, then take one clipped step of AdamW.

        Raises, on all ranks, `NonFiniteError` before any weight changes, and `IntegrityError` for a
        weight that can't change and for an optimizer that has lost its moments.
        """
        optimised = self._optimised()
        for group in optimised.optimizer.param_groups:
            group["lr"] = lr
        with repeatable(self.body.ranks.device):
            found = self._gradients(objective, batch)
            norm = clipped(optimised.trained.held, self.settings.clip_norm)
        self.ghosts = found.ghosts
        self._check(found, norm, batch)
        if found.shares:
            optimised.trained.step(optimised.optimizer)
            self.published = None
        rate = optimised.optimizer.param_groups[0]["lr"]
        return report(found.shares, norm, len(batch.tokens.row), rate)

    async def gradient(self, objective: Algorithm, batch: TrainBatch) -> Float[Tensor, " P"]:
        """The whole gradient of the loss by all trained parameters, end to end; no step is taken.

        It is not clipped.  Raises `NonFiniteError`.
        """
        with repeatable(self.body.ranks.device):
            found = self._gradients(objective, batch)
        optimised = self._optimised()
        parts = [_whole_gradient(weight) for weight in optimised.trained.held]
        flat = torch.cat([part.flatten() for part in parts]).float().cpu()
        optimised.optimizer.zero_grad(set_to_none=True)
        self._check(found, flat.sum().item(), batch)
        return flat

    def _gradients(self, objective: Algorithm, batch: TrainBatch) -> Shares:
        optimised = self._optimised()
        optimised.optimizer.zero_grad(set_to_none=True)
        optimised.trained.begin()
        return accumulate(self.body, objective, batch, self.budget)

    def _check(self, found: Shares, norm: float, batch: TrainBatch) -> None:
        if found.odd:
            names = ", ".join(found.odd[:3])
            rollouts = [r for r in batch.rollouts if r.task.id in found.odd]
            raise NonFiniteError(
                f"log-prob is not finite for {len(found.odd)} tasks: {names}", rollouts
            )
        loss = sum(share.loss for share in found.shares)
        if not (isfinite(loss) and isfinite(norm)):
            raise NonFiniteError(f"loss is {loss}, gradient norm {norm}", batch.rollouts)

    async def logp(self, rollouts: Sequence[Rollout], of: Of = "policy") -> Float[Tensor, " N"]:
        """Log-probs of the policy, or of the reference model.

        Raises `IntegrityError` if the reference has moved, or a learner that is never trained.
        """
        scorer = self.reference if of == "reference" else self._own
        if scorer is None:
            raise ValueError("the learner has no reference model: call set_reference() first")
        if of == "policy" and self.optimizer is not None:
            return scorer(rollouts)
        if of not in self._fixed or self._fixed[of].scorer != scorer:
            self._fixed[of] = FixedScorer(scorer, _FIXED[of], self.body.dtype)
        return self._fixed[of](rollouts)

    def _own(self, rollouts: Sequence[Rollout]) -> Tensor:
        return self._scored(self.body, rollouts)

    def _scored(self, body: ShardedBody, rollouts: Sequence[Rollout]) -> Tensor:
        return seen(body, rollouts, self.budget)[0]

    async def set_reference(self, folder: Path) -> None:
        """Load a frozen reference model from `folder`, sharded over the same ranks.

        If its weights are those of this model without adapters, the adapters are disabled instead,
        and no copy is kept.
        """
        source = Folder(path=str(folder), dtype=self.dtype)
        model, _ = self.body.ranks.together(lambda: source.load("cpu"))
        under = base_digest(self.body)
        if under and under == digest(model.state_dict()):
            self.reference = self._without_adapters
            return
        frozen = shard(model.requires_grad_(requires_grad=False), self.body.ranks)
        self.reference = partial(self._scored, frozen)

    def _without_adapters(self, rollouts: Sequence[Rollout]) -> Tensor:
        with silenced(self.body.model):
            return self._own(rollouts)

    async def entropy(self, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
        return seen(self.body, rollouts, self.budget)[1]

    async def collision(self, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
        return seen(self.body, rollouts, self.budget, Backbone.squared)[1]

    async def candidates(self, rollouts: Sequence[Rollout], count: int) -> Candidates:
        return candidates(self.body, rollouts, self.budget, count)

    async def set_weights(self, tensors: Mapping[str, Tensor]) -> None:
        """Of a model without adapters.  What is fixed may move here.

        Every rank is given whole tensors, and takes its rows of them.
        """
        own = self.body.state()
        overwrite(own, {name: _dealt(tensor, own.get(name)) for name, tensor in tensors.items()})
        self.published = None
        self._fixed.clear()

    async def publish(self) -> Weights:
        """The whole weights, or the adapters; hashed again only if they have changed.

        Raises `IntegrityError`, on all ranks, for NaN and infinity in any weight.
        """
        if self.published is None:
            self._deliveries += 1
            self.published = publication(self._deliveries, self.body, self.keeper)
        return self.published

    async def save(self, folder: Path) -> None:
        """Write a Hugging Face folder, and in it `learner/` (DCP) and `learner.json`.

        Rank 0 holds the whole weights in memory meanwhile, and writes them.
        """
        ranks = self.body.ranks
        first = FirstRank().keeps(ranks.rank)
        weights = {name: tensor.cpu() for name, tensor in merged(self.body) if first}
        own = {name: tensor.cpu() for name, tensor in whole_adapters(self.body) if first}

        def written() -> None:
            if first:
                self.body.model.save_pretrained(folder, state_dict=weights)
                self.tokenizer.save_pretrained(folder)
                export(self.body.model, folder / _ADAPTERS, own)

        ranks.together(written)
        notes = {"deliveries": self._deliveries, "moved": self.published is None}
        write(folder / _STATE, ranks, self._saved(), self._optimised(), self._identity() | notes)

    async def load(self, folder: Path) -> None:
        """Restore weights and optimizer exactly, also of another number of ranks.

        Call `reset_optimizer` first.  The digest of what was read is compared before anything
        changes.

        Raises `IntegrityError`, on all ranks, with the name of a tensor that is missing,
        unexpected, or of another shape or dtype, and for adapters of another base model.
        """
        notes = read(
            folder / _STATE, self.body.ranks, self._saved(), self._optimised(), self._identity()
        )
        self.published = None
        self._deliveries = notes["deliveries"] - (not notes["moved"])

    def _saved(self) -> dict[str, Tensor]:
        """The tensors that a checkpoint has: the adapters, or all weights without any."""
        own = self.body.parameters()
        if adapters(self.body.model):
            return {name: weight for name, weight in own.items() if weight.requires_grad}
        rest = self.body.state().items()
        return own | {name: tensor for name, tensor in rest if not isinstance(tensor, DTensor)}

    def _identity(self) -> dict[str, str]:
        """What a checkpoint has to be of."""
        return {"dtype": self.dtype, "base": base_digest(self.body)}

    def _optimised(self) -> Optimised:
        if self.optimizer is None or self.trained is None:
            raise ValueError("the learner has no optimizer: call reset_optimizer() first")
        return Optimised(self.trained, self.optimizer)


def clipped(weights: Sequence[Tensor], most: float) -> float:
    """Clip the gradient of all ranks to the norm `most`; its norm before, the same on all ranks."""
    norm = clip_grad_norm_(weights, most)
    return (norm.full_tensor() if isinstance(norm, DTensor) else norm).item()


def _whole_gradient(weight: Tensor) -> Tensor:
    grad = weight.grad
    if grad is None:
        return torch.zeros(weight.shape, dtype=weight.dtype)
    return grad.full_tensor().cpu() if isinstance(grad, DTensor) else grad.cpu()


def _dealt(tensor: Tensor, own: Tensor | None) -> Tensor:
    """This rank's rows of a whole tensor, as its own tensor has them.

    One of another shape is left for `overwrite` to refuse.
    """
    if not isinstance(own, DTensor) or own.shape != tensor.shape:
        return tensor
    whole = tensor.to(device=own.device, dtype=own.dtype)
    return distribute_tensor(whole, own.device_mesh, own.placements, src_data_rank=None)

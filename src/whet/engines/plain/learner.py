"""The plain learner: one rollout a forward pass, through the original model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from whet.engines.candidates import joined, likeliest
from whet.engines.digest import sealed
from whet.engines.embedded.fixed import FixedScorer
from whet.engines.embedded.masters import InPlace, TrainedWeights
from whet.engines.embedded.repeatable import repeatable
from whet.engines.embedded.shares import NonFiniteError, Share, check_finite, report, share_of
from whet.engines.models import Folder, dtype_name
from whet.engines.padding import output_rows
from whet.engines.plain.forward import Chosen, among, chosen, collision, positions_of, scores_of
from whet.engines.states import adamw, overwrite, read_state, restore
from whet.protocols import Learner, Update
from whet.protocols.algorithm import Algorithm, TokenLoss
from whet.protocols.engine import Candidates, Of, Reach
from whet.rollouts.vocabularies import vocabulary_digest
from whet.types import Batch, Need, Rollout, TrainBatch
from whet.types.optimizers import AdamW
from whet.types.weights import Weights

_STATE = "learner.pt"


@dataclass(slots=True)
class PlainLearner(Learner):
    """A learner that computes every rollout by itself, all its tokens and all logits."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    settings: AdamW = AdamW()
    optimizer: torch.optim.Optimizer | None = None
    trained: TrainedWeights | None = None  # as the optimizer changes them
    reference: FixedScorer | None = None
    published: Weights | None = None  # None: the weights have changed since the last publication
    _deliveries: int = 0

    def __post_init__(self) -> None:
        """Dropout is off, as in the generator."""
        self.model.eval()

    @property
    def version(self) -> int:
        """Number of different sets of weights that were published."""
        return self._deliveries

    @property
    def dtype(self) -> str:
        """The dtype of the model."""
        return dtype_name(self.model)

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
        return Reach(output_rows(self.model), positions_of(self.model.config))

    def reset_optimizer(self, optimizer: AdamW) -> None:
        """A fresh AdamW over all trainable parameters."""
        live = {name: p for name, p in self.model.named_parameters() if p.requires_grad}
        self.settings, self.trained = optimizer, TrainedWeights.of(live, InPlace())
        self.optimizer = adamw(self.trained.held, optimizer)

    async def step(self, objective: Algorithm, batch: TrainBatch, lr: float) -> Update:
        """Add up the gradients of all rollouts, then take one clipped step of AdamW.

        Raises `NonFiniteError` before any weight changes, and `IntegrityError` for a weight that
        can't change and for an optimizer that has lost its moments.
        """
        optimizer, trained = self._begun()
        for group in optimizer.param_groups:
            group["lr"] = lr
        with repeatable(self.model.device):
            shares = self._gradients(objective, batch.rollouts, batch.tokens)
        loss = sum(share.loss for share in shares)
        norm = clip_grad_norm_(trained.held, self.settings.clip_norm).item()
        if not (isfinite(loss) and isfinite(norm)):
            raise NonFiniteError(f"loss is {loss}, gradient norm {norm}", batch.rollouts)
        if shares:
            trained.step(optimizer)
            self.published = None
        rate = optimizer.param_groups[0]["lr"]
        return report(shares, norm, len(batch.tokens.row), rate)

    def _gradients(
        self, objective: Algorithm, rollouts: Sequence[Rollout], batch: Batch
    ) -> list[Share]:
        """Accumulate the gradient of the whole batch in the parameters."""
        optimizer, trained = self._begun()
        optimizer.zero_grad(set_to_none=True)
        trained.begin()
        lossy: TokenLoss = objective
        if Need.BATCH_LOGP in objective.needs:
            lossy, batch = objective.split(self._scored(self.model, rollouts), batch)
        else:
            batch = batch.prepared(objective.selections)
        taught = lossy.has_gradient(batch)
        learned = [r for r, keep in zip(rollouts, taught.tolist(), strict=True) if keep]
        rest = batch.where(taught)
        weighs = Need.ENTROPY_GRADIENT in objective.needs
        shares = []
        for place, rollout in enumerate(learned):
            if not rollout.length:
                continue
            found = chosen(self.model, rollout)
            held = found if weighs else found._replace(entropy=found.entropy.detach())
            one = rest[place : place + 1]
            if one.candidates is not None:
                one = replace(one, candidate_logp=among(self.model, rollout, one.candidates))
            shares.append(_backward(lossy, rollout, one, held, trained))
        return shares

    async def logp(self, rollouts: Sequence[Rollout], of: Of = "policy") -> Float[Tensor, " N"]:
        """Log-probs of the policy, or of the reference model.

        Raises `IntegrityError` if the reference has moved.
        """
        if of == "policy":
            return self._scored(self.model, rollouts)
        if self.reference is None:
            raise ValueError("the learner has no reference model: call set_reference() first")
        return self.reference(rollouts)

    async def entropy(self, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
        return torch.cat([torch.zeros(0), *(one.entropy.cpu() for one in self._seen(rollouts))])

    async def collision(self, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
        with torch.no_grad():
            found = [collision(self.model, r).cpu() for r in rollouts if r.length]
        return torch.cat([torch.zeros(0), *found])

    async def candidates(self, rollouts: Sequence[Rollout], count: int) -> Candidates:
        said = [rollout for rollout in rollouts if rollout.length]
        with torch.no_grad():
            return joined([likeliest(scores_of(self.model, rollout), count) for rollout in said])

    async def set_weights(self, tensors: Mapping[str, Tensor]) -> None:
        overwrite(self.model.state_dict(), tensors)
        self.published = None

    async def set_reference(self, folder: Path) -> None:
        """Load a frozen reference model from `folder`, in the dtype of this model."""
        dtype = dtype_name(self.model)
        model, _ = Folder(path=str(folder), dtype=dtype).load(self.model.device)
        frozen = model.eval().requires_grad_(requires_grad=False)
        self.reference = FixedScorer(partial(self._scored, frozen), "reference", frozen.dtype)

    async def publish(self) -> Weights:
        """The weights; hashed again only if they have changed."""
        if self.published is None:
            self._deliveries += 1
            self.published = sealed(self._deliveries, self.model.state_dict())
        return self.published

    async def save(self, folder: Path) -> None:
        """Write a Hugging Face folder, and beside it a file of the optimizer."""
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        optimizer, trained = self._begun()
        state = {
            "trained": trained.state(optimizer),
            "deliveries": self._deliveries,
            "moved": self.published is None,
        }
        torch.save(state, folder / _STATE)

    async def load(self, folder: Path) -> None:
        """Restore weights and optimizer exactly. Call `reset_optimizer` first.

        Raises `IntegrityError` with the name of a tensor that is missing, unexpected, or of another
        shape or dtype.
        """
        path = folder / _STATE
        state = read_state(path, self.model.device, ("trained", "deliveries", "moved"))
        saved, _ = Folder.as_saved(folder).load("cpu")
        restore(self.model.state_dict(), saved.state_dict(), str(folder))
        optimizer, trained = self._begun()
        trained.load(state["trained"], optimizer, f"optimizer in {path}")
        self.published, self._deliveries = None, state["deliveries"] - (not state["moved"])

    @torch.no_grad()
    def _seen(self, rollouts: Sequence[Rollout]) -> list[Chosen]:
        return [chosen(self.model, rollout) for rollout in rollouts if rollout.length]

    @torch.no_grad()
    def _scored(self, model: PreTrainedModel, rollouts: Sequence[Rollout]) -> Tensor:
        parts = [chosen(model, rollout).logp.cpu() for rollout in rollouts if rollout.length]
        return torch.cat([torch.zeros(0), *parts])

    def _begun(self) -> tuple[torch.optim.Optimizer, TrainedWeights]:
        if self.optimizer is None or self.trained is None:
            raise ValueError("the learner has no optimizer: call reset_optimizer() first")
        return self.optimizer, self.trained


def _backward(
    objective: TokenLoss, rollout: Rollout, batch: Batch, found: Chosen, trained: TrainedWeights
) -> Share:
    """Add the gradient of one rollout; the loss of its log-probs is computed on the CPU."""
    logp, entropy, heard = (x.cpu() for x in found)
    check_finite(logp, batch, [rollout])
    if batch.observed is not None:
        check_finite(heard, batch.observed, [rollout])
        batch = replace(batch, observed=replace(batch.observed, learner_logp=heard))
    loss = objective.loss(logp, replace(batch, learner_entropy=entropy))
    trained.backward(loss)
    further = len(rollout.token_ids), objective.metrics(logp.detach(), batch)
    return share_of(loss.item(), (logp, entropy), batch, [rollout], further)

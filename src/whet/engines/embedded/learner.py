"""The embedded learner: one model, one optimizer, packed sequences without padding."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import isfinite
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from transformers import PreTrainedTokenizerBase

from whet.engines.embedded.adapters import adapters, bare, base_digest, export, merged, silenced
from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.fixed import FixedScorer, Scorer
from whet.engines.embedded.masters import Float32Masters, InPlace, TrainedWeights
from whet.engines.embedded.packing import Observed, pack, slices
from whet.engines.embedded.publication import publication
from whet.engines.embedded.repeatable import repeatable
from whet.engines.embedded.scoring import candidates, seen
from whet.engines.embedded.shares import NonFiniteError as NonFiniteError
from whet.engines.embedded.shares import Share, check_finite, report, share_of
from whet.engines.loading import stored_in
from whet.engines.models import Folder, dtype_name
from whet.engines.padding import output_rows
from whet.engines.states import adamw, overwrite, read_state, restore
from whet.engines.weight_checks import same_weights
from whet.protocols import Learner, Update
from whet.protocols.algorithm import Algorithm, TokenLoss
from whet.protocols.engine import Candidates, Of, Reach
from whet.rollouts.vocabularies import vocabulary_digest
from whet.types import Batch, IntegrityError, Need, Rollout, TrainBatch
from whet.types.optimizers import AdamW
from whet.types.weights import Weights

_STATE = "learner.pt"
_ADAPTERS = "adapter"
_FIXED: dict[Of, str] = {"reference": "reference", "policy": "model that is never trained"}
_Choices = Callable[..., tuple[Tensor, Tensor]]  # log-probs and e.g. entropies of hidden states


@dataclass(slots=True)
class EmbeddedLearner(Learner):
    """A learner on one device.

    Only sampled tokens reach the output head, and observation tokens where the objective needs
    their log-probs. Rollouts without a gradient are not computed.
    The loss of the log-probs is computed on the CPU, so an algorithm never meets another device.
    """

    backbone: Backbone
    tokenizer: PreTrainedTokenizerBase
    budget: int  # most tokens in one forward pass; it changes no result
    settings: AdamW = AdamW()
    optimizer: torch.optim.Optimizer | None = None
    reference: Scorer | None = None
    published: Weights | None = None  # None: the weights have changed since the last publication
    masters: Float32Masters | InPlace = Float32Masters()
    trained: TrainedWeights | None = None  # as the optimizer changes them
    _fixed: dict[Of, FixedScorer] = field(default_factory=dict)
    _deliveries: int = 0

    @property
    def version(self) -> int:
        """Number of different sets of weights that were published."""
        return self._deliveries

    @property
    def dtype(self) -> str:
        """The dtype of the model."""
        return dtype_name(self.backbone.model)

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
        return Reach(output_rows(self.backbone.model), self.backbone.positions)

    def reset_optimizer(self, optimizer: AdamW) -> None:
        """A fresh AdamW over all trainable parameters, or over float32 copies of them."""
        self.settings = optimizer
        live = {n: p for n, p in self.backbone.model.named_parameters() if p.requires_grad}
        self.trained = TrainedWeights.of(live, self.masters)
        self.optimizer = adamw(self.trained.held, optimizer)

    async def step(self, objective: Algorithm, batch: TrainBatch, lr: float) -> Update:
        """Accumulate gradients over micro-batches, then take one clipped step of AdamW.

        Raises `NonFiniteError` before any weight changes, and `IntegrityError` for a weight that
        can't change and for an optimizer that has lost its moments.
        """
        optimizer, trained = self._begun(), self._held()
        for group in optimizer.param_groups:
            group["lr"] = lr
        with repeatable(self.backbone.device):
            shares, norm = self._clipped(objective, batch)
        loss = sum(share.loss for share in shares)
        if not (isfinite(loss) and isfinite(norm)):
            raise NonFiniteError(f"loss is {loss}, gradient norm {norm}", batch.rollouts)
        if shares:
            trained.step(optimizer)
            self.published = None
        rate = optimizer.param_groups[0]["lr"]
        return report(shares, norm, len(batch.tokens.row), rate)

    def _clipped(self, objective: Algorithm, batch: TrainBatch) -> tuple[list[Share], float]:
        """The gradient, clipped to the norm of the settings, and its norm before.

        In float16 it is computed again with a smaller scale of the loss until it is finite.
        """
        trained = self._held()
        while True:
            shares = self._gradients(objective, batch.rollouts, batch.tokens)
            norm = clip_grad_norm_(trained.held, self.settings.clip_norm).item()
            if not trained.rescaled(norm):
                return shares, norm

    async def gradient(self, objective: Algorithm, batch: TrainBatch) -> Float[Tensor, " P"]:
        """The gradient of the loss by all trained parameters, end to end; no step is taken.

        It is not clipped.  Raises `NonFiniteError`.
        """
        with repeatable(self.backbone.device):
            self._gradients(objective, batch.rollouts, batch.tokens)
        trained = self._held()
        found = [torch.zeros_like(p) if p.grad is None else p.grad for p in trained.held]
        flat = torch.cat([x.flatten() for x in found]).float().cpu()
        self._begun().zero_grad(set_to_none=True)
        if not flat.isfinite().all():
            raise NonFiniteError("the gradient is not finite", batch.rollouts)
        return flat

    def _gradients(
        self, objective: Algorithm, rollouts: Sequence[Rollout], batch: Batch
    ) -> list[Share]:
        """Accumulate the gradient of the whole batch in the tensors that the optimizer changes."""
        self._begun().zero_grad(set_to_none=True)
        self._held().begin()
        lossy: TokenLoss = objective
        if Need.BATCH_LOGP in objective.needs:
            lossy, batch = objective.split(self._scored(self.backbone, rollouts), batch)
        else:
            batch = batch.prepared(objective.selections)
        taught = lossy.has_gradient(batch)
        learned = [r for r, keep in zip(rollouts, taught.tolist(), strict=True) if keep]
        rest = batch.where(taught)
        body = self.backbone
        choices = body.weighed if Need.ENTROPY_GRADIENT in objective.needs else body.choices
        parts = slices(learned, self.budget)
        return [self._backward(lossy, learned[part], rest[part], choices) for part in parts]

    def _backward(
        self, objective: TokenLoss, rollouts: Sequence[Rollout], batch: Batch, choices: _Choices
    ) -> Share:
        call = pack(rollouts, self.backbone.device)
        hidden = self.backbone.hidden(call.tokens, call.positions, call.forest)
        chosen = choices(hidden[call.source], call.choice, call.temperature, call.kept)
        logp, entropy = (x.cpu() for x in chosen)
        check_finite(logp, batch, rollouts)
        if batch.observed is not None:
            heard = self._heard(hidden, call.observed).cpu()
            check_finite(heard, batch.observed, rollouts)
            batch = replace(batch, observed=replace(batch.observed, learner_logp=heard))
        batch = replace(batch, learner_entropy=entropy)
        if batch.candidates is not None:
            ids = batch.candidates.to(self.backbone.device)
            among = self.backbone.among(hidden[call.source], ids, call.temperature)
            batch = replace(batch, candidate_logp=among.cpu())
        loss = objective.loss(logp, batch)
        self._held().backward(loss)
        further = len(call.tokens), objective.metrics(logp.detach(), batch)
        return share_of(loss.item(), (logp, entropy), batch, rollouts, further)

    def _heard(self, hidden: Tensor, of: Observed) -> Tensor:
        """Log-probs of the observation tokens, with a gradient; of the whole distribution, for the
        kept sets are those of sampled tokens.
        """
        return self.backbone.choices(hidden[of.source], of.token, of.temperature)[0]

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
            self._fixed[of] = FixedScorer(scorer, _FIXED[of], self.backbone.model.dtype)
        return self._fixed[of](rollouts)

    def _own(self, rollouts: Sequence[Rollout]) -> Tensor:
        return self._scored(self.backbone, rollouts)

    async def set_reference(self, folder: Path) -> None:
        """Load a frozen reference model from `folder`, in the dtype of this model.

        If its weights are those of this model without adapters, the adapters are disabled instead,
        and no copy is loaded.
        """
        under = bare(self.backbone.model)
        if under and same_weights(folder, stored_in(folder), under):
            self.reference = self._without_adapters
            return
        model, _ = Folder(path=str(folder), dtype=self.dtype).load(self.backbone.device)
        frozen = Backbone(model.requires_grad_(requires_grad=False))
        self.reference = partial(self._scored, frozen)

    def _without_adapters(self, rollouts: Sequence[Rollout]) -> Tensor:
        with silenced(self.backbone.model):
            return self._scored(self.backbone, rollouts)

    async def entropy(self, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
        return seen(self.backbone, rollouts, self.budget)[1]

    async def candidates(self, rollouts: Sequence[Rollout], count: int) -> Candidates:
        return candidates(self.backbone, rollouts, self.budget, count)

    async def set_weights(self, tensors: Mapping[str, Tensor]) -> None:
        """Of a model without adapters.  What is fixed may move here."""
        overwrite(self.backbone.model.state_dict(), tensors)
        self.published = None
        self._fixed.clear()

    async def collision(self, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
        return seen(self.backbone, rollouts, self.budget, Backbone.squared)[1]

    def _scored(self, backbone: Backbone, rollouts: Sequence[Rollout]) -> Tensor:
        return seen(backbone, rollouts, self.budget)[0]

    async def publish(self) -> Weights:
        """The weights, or the adapters; hashed again only if they have changed.

        Raises `IntegrityError` for NaN and infinity in any weight.
        """
        if self.published is None:
            self._deliveries += 1
            self.published = publication(self._deliveries, self.backbone.model)
        return self.published

    async def save(self, folder: Path) -> None:
        """Write a Hugging Face folder, and in it a file of optimizer and adapters.

        The adapters are in a folder of peft, too.
        """
        weights = merged(self.backbone.model)
        self.backbone.model.save_pretrained(folder, state_dict=weights)
        self.tokenizer.save_pretrained(folder)
        state = {
            "trained": self._held().state(self._begun()),
            "adapters": dict(adapters(self.backbone.model)),
            "base": base_digest(self.backbone.model),
            "deliveries": self._deliveries,
            "moved": self.published is None,
        }
        torch.save(state, folder / _STATE)
        export(self.backbone.model, folder / _ADAPTERS)

    async def load(self, folder: Path) -> None:
        """Restore weights and optimizer exactly. Call `reset_optimizer` first.

        Raises `IntegrityError` with the name of a tensor that is missing, unexpected, or of another
        shape or dtype, and for adapters of another base model.
        """
        path, model = folder / _STATE, self.backbone.model
        names = ("trained", "adapters", "base", "deliveries", "moved")
        state = read_state(path, self.backbone.device, names)
        if adapters(model) or state["adapters"]:
            restore(adapters(model), state["adapters"], f"adapters in {path}")
            if state["base"] != base_digest(self.backbone.model):
                raise IntegrityError(f"adapters in {path} are of another base model than this one")
        else:
            saved, _ = Folder.as_saved(folder).load("cpu")
            restore(model.state_dict(), saved.state_dict(), str(folder))
        self._held().load(state["trained"], self._begun(), f"optimizer in {path}")
        self.published, self._deliveries = None, state["deliveries"] - (not state["moved"])

    def _begun(self) -> torch.optim.Optimizer:
        if self.optimizer is None:
            raise ValueError("the learner has no optimizer: call reset_optimizer() first")
        return self.optimizer

    def _held(self) -> TrainedWeights:
        if self.trained is None:
            raise ValueError("the learner has no optimizer: call reset_optimizer() first")
        return self.trained

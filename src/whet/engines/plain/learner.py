"""The plain learner: one rollout a forward pass, through the original model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from whet.engines.digest import sealed
from whet.engines.embedded.learner import NonFiniteError
from whet.engines.embedded.repeatable import repeatable
from whet.engines.models import Folder, dtype_name
from whet.engines.plain.forward import Chosen, chosen
from whet.engines.states import (
    adamw,
    optimizer_state,
    read_state,
    restore,
    restore_optimizer,
)
from whet.policy.saturation import saturated
from whet.protocols import Learner, Update
from whet.protocols.algorithm import Algorithm, TokenLoss
from whet.protocols.engine import Of
from whet.types import Batch, Mean, Metrics, Need, Rollout, TrainBatch
from whet.types.optimizers import AdamW
from whet.types.weights import Weights

_STATE = "learner.pt"
_PER_TOKEN = ("entropy", "drift", "saturated")


@dataclass(frozen=True, slots=True)
class _Share:
    """One rollout's part of an optimizer step."""

    loss: float
    drift_max: float
    computed: int
    taught: int
    metrics: Metrics


@dataclass(slots=True)
class PlainLearner(Learner):
    """A learner that computes every rollout by itself, all its tokens and all logits."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    settings: AdamW = AdamW()
    optimizer: torch.optim.Optimizer | None = None
    reference: PreTrainedModel | None = None
    published: Weights | None = None  # None: the weights have changed since the last publication
    _deliveries: int = 0

    def __post_init__(self) -> None:
        """Dropout is off, as in the generator."""
        self.model.eval()

    @property
    def version(self) -> int:
        """Number of different sets of weights that were published."""
        return self._deliveries

    def reset_optimizer(self, optimizer: AdamW) -> None:
        """A fresh AdamW over all trainable parameters."""
        self.settings = optimizer
        self.optimizer = adamw(self._trained(), optimizer)

    async def step(self, objective: Algorithm, batch: TrainBatch, lr: float) -> Update:
        """Add up the gradients of all rollouts, then take one clipped step of AdamW.

        Raises `NonFiniteError` before any weight changes.
        """
        optimizer = self._begun()
        for group in optimizer.param_groups:
            group["lr"] = lr
        with repeatable(self.model.device):
            shares = self._gradients(objective, batch.rollouts, batch.tokens)
        loss = sum(share.loss for share in shares)
        norm = clip_grad_norm_(self._trained(), self.settings.clip_norm).item()
        if not (isfinite(loss) and isfinite(norm)):
            raise NonFiniteError(f"loss is {loss}, gradient norm {norm}", batch.rollouts)
        if shares:
            optimizer.step()
            self.published = None
        return _update(loss, norm, shares, len(batch.tokens.row))

    def _gradients(
        self, objective: Algorithm, rollouts: Sequence[Rollout], batch: Batch
    ) -> list[_Share]:
        """Accumulate the gradient of the whole batch in the parameters."""
        self._begun().zero_grad(set_to_none=True)
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
            shares.append(_backward(lossy, rollout, rest[place : place + 1], held))
        return shares

    async def logp(self, rollouts: Sequence[Rollout], of: Of = "policy") -> Float[Tensor, " N"]:
        if of == "policy":
            return self._scored(self.model, rollouts)
        if self.reference is None:
            raise ValueError("the learner has no reference model: call set_reference() first")
        return self._scored(self.reference, rollouts)

    async def entropy(self, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
        return torch.cat([torch.zeros(0), *(one.entropy.cpu() for one in self._seen(rollouts))])

    async def set_reference(self, folder: Path) -> None:
        """Load a frozen reference model from `folder`, in the dtype of this model."""
        dtype = dtype_name(self.model)
        model, _ = Folder(path=str(folder), dtype=dtype).load(self.model.device)
        self.reference = model.eval().requires_grad_(requires_grad=False)

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
        state = {
            "optimizer": optimizer_state(self._begun(), self._names()),
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
        state = read_state(path, self.model.device, ("optimizer", "deliveries", "moved"))
        saved, _ = Folder.as_saved(folder).load("cpu")
        restore(self.model.state_dict(), saved.state_dict(), str(folder))
        place = f"optimizer in {path}"
        restore_optimizer(self._begun(), self._names(), state["optimizer"], place)
        self.published, self._deliveries = None, state["deliveries"] - (not state["moved"])

    @torch.no_grad()
    def _seen(self, rollouts: Sequence[Rollout]) -> list[Chosen]:
        return [chosen(self.model, rollout) for rollout in rollouts if rollout.length]

    @torch.no_grad()
    def _scored(self, model: PreTrainedModel, rollouts: Sequence[Rollout]) -> Tensor:
        parts = [chosen(model, rollout).logp.cpu() for rollout in rollouts if rollout.length]
        return torch.cat([torch.zeros(0), *parts])

    def _trained(self) -> list[Tensor]:
        return [p for p in self.model.parameters() if p.requires_grad]

    def _names(self) -> list[str]:
        return [name for name, p in self.model.named_parameters() if p.requires_grad]

    def _begun(self) -> torch.optim.Optimizer:
        if self.optimizer is None:
            raise ValueError("the learner has no optimizer: call reset_optimizer() first")
        return self.optimizer


def _backward(objective: TokenLoss, rollout: Rollout, batch: Batch, found: Chosen) -> _Share:
    """Add the gradient of one rollout; the loss of its log-probs is computed on the CPU."""
    logp, entropy, heard = (x.cpu() for x in found)
    if not (logp.isfinite().all() and heard.isfinite().all()):
        raise NonFiniteError(f"log-prob is not finite for task {rollout.task.id}", [rollout])
    if batch.observed is not None:
        batch = replace(batch, observed=replace(batch.observed, learner_logp=heard))
    loss = objective.loss(logp, replace(batch, learner_entropy=entropy))
    loss.backward()
    said = logp.detach()
    apart = (said - batch.behaviour_logp).abs()[batch.current]
    sums = {
        "entropy": entropy.detach(),
        "drift": apart,
        "saturated": saturated(said, batch).float(),
    }
    return _Share(
        loss=loss.item(),
        drift_max=apart.max().item() if len(apart) else 0.0,
        computed=len(rollout.token_ids),
        taught=len(said),
        metrics={k: Mean(total=x.sum().item(), count=len(x)) for k, x in sums.items()}
        | dict(objective.metrics(said, batch)),
    )


def _update(loss: float, norm: float, shares: Sequence[_Share], tokens: int) -> Update:
    """The report of a step, with the metrics of every learner."""
    names = shares[0].metrics if shares else _PER_TOKEN
    return Update(
        loss=loss,
        drift_max=max((share.drift_max for share in shares), default=0.0),
        metrics={n: sum((share.metrics[n] for share in shares), Mean()) for n in names}
        | {
            "grad_norm": Mean(total=norm, count=1) if shares else Mean(),
            "taught": Mean(total=sum(share.taught for share in shares), count=tokens),
            "computed": Mean(total=sum(share.computed for share in shares), count=tokens),
        },
    )

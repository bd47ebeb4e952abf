"""The embedded learner: one model, one optimizer, packed sequences without padding."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from transformers import PreTrainedTokenizerBase

from whet.engines.digest import digest, sealed
from whet.engines.embedded.adapters import adapters, bare, export, merged, silenced
from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.packing import Observed, PackedRollouts, pack, slices
from whet.engines.embedded.repeatable import repeatable
from whet.engines.models import Folder, dtype_name
from whet.engines.states import adamw, read_state, restore, restore_optimizer
from whet.policy.saturation import saturated
from whet.protocols import Learner, Update
from whet.protocols.algorithm import Algorithm, TokenLoss
from whet.protocols.engine import Of
from whet.types import Batch, IntegrityError, Mean, Metrics, Need, Rollout, TrainBatch
from whet.types.optimizers import AdamW
from whet.types.weights import Weights

_STATE = "learner.pt"
_ADAPTERS = "adapter"
_PER_TOKEN = ("entropy", "drift", "saturated")  # metrics of every loss


class NonFiniteError(IntegrityError):
    """A NaN or an infinity. The weights are still those before the step."""


class _Share(NamedTuple):
    """One micro-batch's part of an optimizer step."""

    loss: float
    drift_max: float
    computed: int
    taught: int
    metrics: Metrics


def _check_finite(logp: Tensor, of: Batch, rollouts: Sequence[Rollout]) -> None:
    """Raise `NonFiniteError` with the names of the tasks whose tokens have no finite log-prob."""
    if logp.isfinite().all():
        return
    names = sorted({rollouts[i].task.id for i in of.row[~logp.isfinite()].tolist()})
    raise NonFiniteError(
        f"log-prob is not finite for {len(names)} tasks: {', '.join(names[:3])}", rollouts
    )


Scorer = Callable[[Sequence[Rollout]], Tensor]
_Choices = Callable[..., tuple[Tensor, Tensor]]  # log-probs and entropies of hidden states


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
    _deliveries: int = 0

    @property
    def version(self) -> int:
        """Number of different sets of weights that were published."""
        return self._deliveries

    def reset_optimizer(self, optimizer: AdamW) -> None:
        """A fresh AdamW over all trainable parameters."""
        self.settings = optimizer
        self.optimizer = adamw(self._trained(), optimizer)

    async def step(self, objective: Algorithm, batch: TrainBatch, lr: float) -> Update:
        """Accumulate gradients over micro-batches, then take one clipped step of AdamW.

        Raises `NonFiniteError` before any weight changes.
        """
        optimizer = self._begun()
        for group in optimizer.param_groups:
            group["lr"] = lr
        with repeatable(self.backbone.device):
            shares = self._gradients(objective, batch.rollouts, batch.tokens)
        loss = sum(share.loss for share in shares)
        norm = clip_grad_norm_(self._trained(), self.settings.clip_norm).item()
        if not (isfinite(loss) and isfinite(norm)):
            raise NonFiniteError(f"loss is {loss}, gradient norm {norm}", batch.rollouts)
        if shares:
            optimizer.step()
            self.published = None
        tokens = len(batch.tokens.row)
        return Update(
            loss=loss,
            drift_max=max((share.drift_max for share in shares), default=0.0),
            metrics={
                name: sum((share.metrics[name] for share in shares), Mean())
                for name in (shares[0].metrics if shares else _PER_TOKEN)
            }
            | {
                "grad_norm": Mean(total=norm, count=1) if shares else Mean(),
                "taught": Mean(total=sum(share.taught for share in shares), count=tokens),
                "computed": Mean(total=sum(share.computed for share in shares), count=tokens),
            },
        )

    async def gradient(self, objective: Algorithm, batch: TrainBatch) -> Float[Tensor, " P"]:
        """The gradient of the loss by all trained parameters, end to end; no step is taken.

        It is not clipped.  Raises `NonFiniteError`.
        """
        with repeatable(self.backbone.device):
            self._gradients(objective, batch.rollouts, batch.tokens)
        found = [torch.zeros_like(p) if p.grad is None else p.grad for p in self._trained()]
        flat = torch.cat([x.flatten() for x in found]).float().cpu()
        self._begun().zero_grad(set_to_none=True)
        if not flat.isfinite().all():
            raise NonFiniteError("the gradient is not finite", batch.rollouts)
        return flat

    def _gradients(
        self, objective: Algorithm, rollouts: Sequence[Rollout], batch: Batch
    ) -> list[_Share]:
        """Accumulate the gradient of the whole batch in the parameters."""
        self._begun().zero_grad(set_to_none=True)
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
    ) -> _Share:
        call = pack(rollouts, self.backbone.device)
        hidden = self.backbone.hidden(call.tokens, call.positions, call.forest)
        chosen = choices(hidden[call.source], call.choice, call.temperature, call.kept)
        logp, entropy = (x.cpu() for x in chosen)
        _check_finite(logp, batch, rollouts)
        if batch.observed is not None:
            heard = self._heard(hidden, call.observed).cpu()
            _check_finite(heard, batch.observed, rollouts)
            batch = replace(batch, observed=replace(batch.observed, learner_logp=heard))
        loss = objective.loss(logp, replace(batch, learner_entropy=entropy))
        loss.backward()
        apart = (logp.detach() - batch.behaviour_logp).abs()[batch.current]
        beyond = saturated(logp.detach(), batch).float()
        sums = {"entropy": entropy.detach(), "drift": apart, "saturated": beyond}
        return _Share(
            loss=loss.item(),
            drift_max=apart.max().item() if len(apart) else 0.0,
            computed=len(call.tokens),
            taught=len(logp),
            metrics={k: Mean(total=x.sum().item(), count=len(x)) for k, x in sums.items()}
            | dict(objective.metrics(logp.detach(), batch)),
        )

    @staticmethod
    def _choices(backbone: Backbone, call: PackedRollouts) -> tuple[Tensor, Tensor]:
        """Log-probs with a gradient, entropies without."""
        hidden = backbone.hidden(call.tokens, call.positions, call.forest)
        return backbone.choices(hidden[call.source], call.choice, call.temperature, call.kept)

    def _heard(self, hidden: Tensor, of: Observed) -> Tensor:
        """Log-probs of the observation tokens, with a gradient; of the whole distribution, for the
        kept sets are those of sampled tokens.
        """
        return self.backbone.choices(hidden[of.source], of.token, of.temperature)[0]

    async def logp(self, rollouts: Sequence[Rollout], of: Of = "policy") -> Float[Tensor, " N"]:
        if of == "policy":
            return self._scored(self.backbone, rollouts)
        if self.reference is None:
            raise ValueError("the learner has no reference model: call set_reference() first")
        return self.reference(rollouts)

    async def set_reference(self, folder: Path) -> None:
        """Load a frozen reference model from `folder`, in the dtype of this model.

        If its weights are those of this model without adapters, the adapters are disabled instead
        of keeping a copy.
        """
        dtype = dtype_name(self.backbone.model)
        model, _ = Folder(path=str(folder), dtype=dtype).load(self.backbone.device)
        if digest(bare(self.backbone.model)) == digest(model.state_dict()):
            self.reference = self._without_adapters
        else:
            frozen = Backbone(model.requires_grad_(requires_grad=False))
            self.reference = partial(self._scored, frozen)

    def _without_adapters(self, rollouts: Sequence[Rollout]) -> Tensor:
        with silenced(self.backbone.model):
            return self._scored(self.backbone, rollouts)

    async def entropy(self, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
        return self._seen(self.backbone, rollouts)[1]

    def _scored(self, backbone: Backbone, rollouts: Sequence[Rollout]) -> Tensor:
        return self._seen(backbone, rollouts)[0]

    @torch.no_grad()
    def _seen(self, backbone: Backbone, rollouts: Sequence[Rollout]) -> tuple[Tensor, Tensor]:
        parts = [
            self._choices(backbone, pack(rollouts[part], backbone.device))
            for part in slices(rollouts, self.budget)
            if any(r.length for r in rollouts[part])
        ]
        logp, entropy = ([part[i].cpu() for part in parts] for i in (0, 1))
        return (torch.cat(logp), torch.cat(entropy)) if parts else (torch.zeros(0), torch.zeros(0))

    async def publish(self) -> Weights:
        """The weights with adapters merged; hashed again only if they have changed."""
        if self.published is None:
            self._deliveries += 1
            self.published = sealed(self._deliveries, merged(self.backbone.model))
        return self.published

    async def save(self, folder: Path) -> None:
        """Write a Hugging Face folder, and in it a file of optimizer and adapters.

        The adapters are in a folder of peft, too.
        """
        weights = merged(self.backbone.model)
        self.backbone.model.save_pretrained(folder, state_dict=weights)
        self.tokenizer.save_pretrained(folder)
        state = {
            "optimizer": self._begun().state_dict(),
            "adapters": dict(adapters(self.backbone.model)),
            "base": self._base(),
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
        names = ("optimizer", "adapters", "base", "deliveries", "moved")
        state = read_state(path, self.backbone.device, names)
        if adapters(model) or state["adapters"]:
            restore(adapters(model), state["adapters"], f"adapters in {path}")
            if state["base"] != self._base():
                raise IntegrityError(f"adapters in {path} are of another base model than this one")
        else:
            saved, _ = Folder.as_saved(folder).load("cpu")
            restore(model.state_dict(), saved.state_dict(), str(folder))
        restore_optimizer(self._begun(), state["optimizer"], f"optimizer in {path}")
        self.published, self._deliveries = None, state["deliveries"] - (not state["moved"])

    def _base(self) -> str:
        """The digest of the weights below adapters, which never change; empty without adapters."""
        under = bare(self.backbone.model)
        return digest(under) if under else ""

    def _trained(self) -> list[Tensor]:
        return [p for p in self.backbone.model.parameters() if p.requires_grad]

    def _begun(self) -> torch.optim.Optimizer:
        if self.optimizer is None:
            raise ValueError("the learner has no optimizer: call reset_optimizer() first")
        return self.optimizer

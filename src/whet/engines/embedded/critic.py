"""Critics of the embedded engine: a value head on a body of its own or on the policy's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import Linear
from torch.nn.utils import clip_grad_norm_

from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.masters import Float32Masters, InPlace, TrainedWeights
from whet.engines.embedded.packing import PackedRollouts, pack, slices
from whet.engines.embedded.repeatable import repeatable
from whet.engines.embedded.shares import NonFiniteError
from whet.engines.states import adamw, read_state, restore
from whet.protocols import ValueLoss, ValueModel
from whet.types import Mean, Metrics, Rollout
from whet.types.optimizers import AdamW

_STATE = "critic.pt"


@dataclass(slots=True)
class EmbeddedHead(ValueModel):
    """V(s) = w · h(s) + b, where h(s) is the hidden state that predicts the next token.

    Only the head is trained. The body belongs to the learner, which changes it.
    """

    backbone: Backbone
    budget: int  # most tokens in one forward pass; it changes no result
    settings: AdamW = AdamW()
    optimizer: torch.optim.Optimizer | None = None
    masters: Float32Masters | InPlace = Float32Masters()
    trained: TrainedWeights | None = None  # as the optimizer changes them
    head: Linear = field(init=False)

    def __post_init__(self) -> None:
        """The head starts at 0, so that all values are 0 at first."""
        config: Any = self.backbone.model.config.get_text_config()
        place = {"device": self.backbone.device, "dtype": torch.float32}
        self.head = Linear(config.hidden_size, 1, **place)
        torch.nn.init.zeros_(self.head.weight)
        torch.nn.init.zeros_(self.head.bias)

    def reset_optimizer(self, optimizer: AdamW) -> None:
        self.settings = optimizer
        self.trained = TrainedWeights.of(self._named(), self.masters)
        self.optimizer = adamw(self.trained.held, optimizer)

    @property
    def optimizer_steps(self) -> int | None:
        """Steps since the optimizer was fresh; None without one."""
        return None if self.trained is None else self.trained.taken

    async def values(self, rollouts: Sequence[Rollout]) -> Float[Tensor, " N"]:
        with torch.no_grad():
            parts = [
                self._values(pack(rollouts[part], self.backbone.device)).cpu()
                for part in slices(rollouts, self.budget)
                if any(r.length for r in rollouts[part])
            ]
        return torch.cat(parts) if parts else torch.zeros(0)

    async def step(self, fit: ValueLoss, rollouts: Sequence[Rollout], lr: float) -> Metrics:
        """Accumulate gradients over micro-batches, then take one clipped step.

        Raises `NonFiniteError` before any weight changes, and `IntegrityError` for an optimizer
        that has lost its moments.
        """
        if self.optimizer is None or self.trained is None:
            raise ValueError("the critic has no optimizer: call reset_optimizer() first")
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        with repeatable(self.backbone.device):
            total, norm = self._clipped(fit, rollouts, self.optimizer, self.trained)
        if not (isfinite(total) and isfinite(norm)):
            raise NonFiniteError(f"the critic's loss is {total}, gradient norm {norm}", rollouts)
        self.trained.step(self.optimizer)
        return {
            "value_loss": Mean(total=total, count=1),
            "value_grad_norm": Mean(total=norm, count=1),
        }

    def _clipped(
        self,
        fit: ValueLoss,
        rollouts: Sequence[Rollout],
        optimizer: torch.optim.Optimizer,
        trained: TrainedWeights,
    ) -> tuple[float, float]:
        """The loss, and the norm of its gradient before it was clipped."""
        while True:
            optimizer.zero_grad(set_to_none=True)
            trained.begin()
            total = self._gradients(fit, rollouts, trained)
            norm = clip_grad_norm_(trained.held, self.settings.clip_norm).item()
            if not trained.rescaled(norm):
                return total, norm

    def _gradients(
        self, fit: ValueLoss, rollouts: Sequence[Rollout], trained: TrainedWeights
    ) -> float:
        """Accumulate the gradient; the total loss, which is computed on the CPU."""
        total, first = 0.0, 0
        for part in slices(rollouts, self.budget):
            size = sum(r.length for r in rollouts[part])
            if size:
                value = self._values(pack(rollouts[part], self.backbone.device)).cpu()
                loss = fit(value, slice(first, first + size))
                trained.backward(loss)
                total += loss.item()
            first += size
        return total

    async def save(self, folder: Path) -> None:
        """Write the trained weights and the optimizer's state."""
        parts = {name: dict(tensors) for name, tensors in self._parts().items()}
        trained = None
        if self.optimizer is not None and self.trained is not None:
            trained = self.trained.state(self.optimizer)
        torch.save({**parts, "trained": trained}, folder / _STATE)

    async def load(self, folder: Path) -> None:
        """Restore weights and optimizer exactly. Call `reset_optimizer` first.

        Raises `IntegrityError` with the name of a tensor that is missing, unexpected, or of another
        shape or dtype.
        """
        parts, path = self._parts(), folder / _STATE
        state = read_state(path, self.backbone.device, [*parts, "trained"])
        for name, tensors in parts.items():
            restore(tensors, state[name], f"{name} in {path}")
        if self.optimizer is not None and self.trained is not None:
            self.trained.load(state["trained"], self.optimizer, f"optimizer in {path}")

    def _parts(self) -> dict[str, Mapping[str, Tensor]]:
        """The trained models by their names in the file of state."""
        return {"head": self.head.state_dict()}

    def _trained(self) -> list[Tensor]:
        return list(self._named().values())

    def _named(self) -> dict[str, Tensor]:
        """The trained weights by name."""
        return {f"head.{name}": p for name, p in self.head.named_parameters()}

    def _hidden(self, call: PackedRollouts) -> Tensor:
        with torch.no_grad():
            return self.backbone.hidden(call.tokens, call.positions, call.forest)

    def _values(self, call: PackedRollouts) -> Tensor:
        return self.head(self._hidden(call)[call.source].float())[:, 0]


@dataclass(slots=True)
class EmbeddedCritic(EmbeddedHead):
    """A critic with a body of its own, which is trained too."""

    def _parts(self) -> dict[str, Mapping[str, Tensor]]:
        return {"body": self.backbone.model.state_dict(), "head": self.head.state_dict()}

    def _named(self) -> dict[str, Tensor]:
        body: Any = self.backbone.model.base_model
        own = {f"body.{n}": p for n, p in body.named_parameters() if p.requires_grad}
        return own | EmbeddedHead._named(self)

    def _hidden(self, call: PackedRollouts) -> Tensor:
        return self.backbone.hidden(call.tokens, call.positions, call.forest)

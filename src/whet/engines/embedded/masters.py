"""What an optimizer changes: the weights themselves, or float32 copies of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import torch
from torch import Tensor

from whet.engines.states import optimizer_state, restore, restore_optimizer
from whet.protocols import Part
from whet.types import IntegrityError

_FIRST_SCALE = 2.0**16  # of a loss in float16, as in torch.amp.GradScaler
_HALF = (torch.bfloat16, torch.float16)
_STATE = ("optimizer", "masters", "taken", "scale", "calm")
_CALM = 2000  # steps after which the scale is doubled, as there


@dataclass(frozen=True, slots=True, kw_only=True)
class Float32Masters(Part):
    """The optimizer changes float32 copies of bfloat16 or float16 weights (arXiv:1710.03740).

    w₃₂ ← AdamW(w₃₂, Σ g₃₂),  w₁₆ = round(w₃₂)

    A weight of bfloat16 has 8 significant bits, so a step below w/512 rounds to nothing; the copy
    remembers it.  Gradients of micro-batches are added in float32.  In float16 the loss is scaled
    by S = 2^16 at first, because a gradient below 6e-8 is 0 there; S is halved until the gradient
    is finite, and doubled after 2000 steps without that.

    It costs 4 bytes a weight more, and AdamW's moments take 8 instead of 4.  Weights of float32
    and float64 are changed themselves.
    """

    def copies(self, weights: Sequence[Tensor]) -> list[Tensor]:
        """The tensors that the optimizer changes, in the order of the weights."""
        return [w.detach().float() if w.dtype in _HALF else w for w in weights]


@dataclass(frozen=True, slots=True, kw_only=True)
class InPlace(Part):
    """The optimizer changes the weights in their own dtype.

    In bfloat16 most steps of a small learning rate round to nothing (benchmarks/low_precision.py
    has the shares).  float16 is refused.
    """

    def copies(self, weights: Sequence[Tensor]) -> list[Tensor]:
        """The weights themselves."""
        return list(weights)


@dataclass(slots=True)
class TrainedWeights:
    """The trained weights of a model, and what an optimizer changes in their place."""

    live: dict[str, Tensor]  # of the model, by name
    held: list[Tensor]  # that the optimizer changes: the same ones, or copies
    taken: int = 0  # steps since the optimizer was fresh
    scale: float = 1.0  # of the loss
    calm: int = 0  # steps since the scale was changed

    @classmethod
    def of(cls, live: Mapping[str, Tensor], masters: Float32Masters | InPlace) -> "TrainedWeights":
        """The weights as they are now, before the first step."""
        weights = list(live.values())
        scaled = any(w.dtype == torch.float16 for w in weights)
        return cls(dict(live), masters.copies(weights), scale=_FIRST_SCALE if scaled else 1.0)

    @property
    def copied(self) -> list[tuple[Tensor, Tensor]]:
        """The pairs of weight and copy; empty where the optimizer changes the weights."""
        pairs = zip(self.live.values(), self.held, strict=True)
        return [(live, held) for live, held in pairs if live is not held]

    def begin(self) -> None:
        """Forget the gradients of the weights that have copies.

        Raises `IntegrityError` for a weight that the optimizer has, and that is frozen since.
        """
        frozen = [name for name, weight in self.live.items() if not weight.requires_grad]
        if frozen:
            raise IntegrityError(
                f"{len(frozen)} weights were frozen after the optimizer was made, so they would "
                f"not be moved by it: {', '.join(frozen[:3])}"
            )
        for live, _ in self.copied:
            live.grad = None

    def backward(self, loss: Tensor) -> None:
        """Add the gradient of a micro-batch's loss to that of the step."""
        (loss if self.scale == 1 else loss * self.scale).backward()
        for live, held in self.copied:
            if live.grad is not None:
                grad = live.grad.float().div_(self.scale)
                held.grad = grad if held.grad is None else held.grad.add_(grad)
                live.grad = None

    def rescaled(self, norm: float) -> bool:
        """Whether the gradient has to be computed again, with half the scale of the loss."""
        if isfinite(norm) or self.scale <= 1:
            return False
        self.scale, self.calm = self.scale / 2, 0
        return True

    @torch.no_grad()
    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """Take one step.

        Raises `IntegrityError` if the optimizer has not taken as many steps as it should have.
        """
        optimizer.step()
        for live, held in self.copied:
            live.copy_(held)
        self.taken, self.calm = self.taken + 1, self.calm + 1
        if self.scale > 1 and self.calm == _CALM:
            self.scale, self.calm = self.scale * 2, 0
        check_taken(optimizer, self.taken, "the optimizer")

    def state(self, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        """What `load` needs, with the state of the optimizer, as tensors and numbers."""
        return {
            "optimizer": optimizer_state(optimizer, self.live),
            "masters": {name: h for (name, w), h in self._named() if w is not h},
            "taken": self.taken,
            "scale": self.scale,
            "calm": self.calm,
        }

    def load(self, state: Any, optimizer: torch.optim.Optimizer, place: str) -> None:
        """Restore what `state` gave.

        Raises `IntegrityError` for moments or copies of other weights, and for an optimizer of
        another number of steps: its moments are lost.
        """
        if not isinstance(state, Mapping) or state.keys() != set(_STATE):
            raise IntegrityError(f"{place} has no state of an optimizer")
        restore_optimizer(optimizer, self.live, state["optimizer"], place)
        restore({n: h for (n, w), h in self._named() if w is not h}, state["masters"], place)
        self.taken, self.scale, self.calm = state["taken"], state["scale"], state["calm"]
        check_taken(optimizer, self.taken, place)

    def _named(self) -> list[tuple[tuple[str, Tensor], Tensor]]:
        return list(zip(self.live.items(), self.held, strict=True))


def check_taken(optimizer: torch.optim.Optimizer, taken: int, place: str) -> None:
    """Raise `IntegrityError` unless AdamW counts as many steps as were taken."""
    counts = [torch.as_tensor(held["step"]) for held in optimizer.state.values() if "step" in held]
    found = int(torch.stack([c.cpu() for c in counts]).max()) if counts else 0
    if found != taken:
        raise IntegrityError(
            f"{place} has taken {found} steps, but {taken} were asked for: its moments were lost, "
            "or a step was not taken and no weight has moved"
        )

"""Settings of optimizers and learning-rate schedules; an engine builds the optimizer from them."""

from dataclasses import dataclass
from math import cos, pi
from typing import Protocol, runtime_checkable

from whet.types.errors import UsageError


@runtime_checkable
class Decay(Protocol):
    """A learning-rate schedule: the factor on the peak learning rate at one step of `steps`."""

    def __call__(self, step: int, steps: int) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantDecay(Decay):
    """Constant learning rate after a linear warm-up. f(t) = min(1, (t + 1) / warmup)."""

    warmup: int = 0

    def __call__(self, step: int, steps: int) -> float:
        return min(1.0, (step + 1) / max(self.warmup, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearDecay(Decay):
    """Linear decay to `floor`, times a linear warm-up. f(t) = 1 − (1 − floor) t/T."""

    warmup: int = 0
    floor: float = 0.0

    def __call__(self, step: int, steps: int) -> float:
        down = 1 - (1 - self.floor) * min(step / max(steps, 1), 1.0)
        return down * min(1.0, (step + 1) / max(self.warmup, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class CosineDecay(Decay):
    """SGDR's half cosine (arXiv:1608.03983), times a linear warm-up.

    f(t) = floor + (1 − floor) (1 + cos(π t/T)) / 2
    """

    warmup: int = 0
    floor: float = 0.1

    def __call__(self, step: int, steps: int) -> float:
        wave = (1 + cos(pi * min(step / max(steps, 1), 1.0))) / 2
        down = self.floor + (1 - self.floor) * wave
        return down * min(1.0, (step + 1) / max(self.warmup, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class AdamW:
    """AdamW (arXiv:1711.05101), after clipping the global gradient norm to `clip_norm`."""

    lr: float = 1e-6
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    decay: Decay = ConstantDecay()

    def __post_init__(self) -> None:
        if not self.lr >= 0:
            raise UsageError(f"optimizer.lr is {self.lr}; give 0 or more")
        if not self.clip_norm > 0:
            raise UsageError(f"optimizer.clip_norm is {self.clip_norm}; give more than 0, or inf")

    def lr_at(self, step: int, steps: int) -> float:
        """Learning rate of step `step` of `steps`."""
        return self.lr * self.decay(step, steps)

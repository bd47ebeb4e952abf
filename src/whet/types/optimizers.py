"""Settings of optimizers and learning-rate schedules; an engine builds the optimizer from them."""

from dataclasses import dataclass
from math import cos, inf, pi
from typing import Protocol, runtime_checkable

from whet.types.errors import UsageError


def _check_ramp(warmup: int, floor: float = 0.0) -> None:
    if warmup < 0:
        raise UsageError(f"optimizer.decay.warmup is {warmup}; give 0 or more steps")
    if not 0 <= floor <= 1:
        raise UsageError(f"optimizer.decay.floor is {floor}; give 0 to 1")


@runtime_checkable
class Decay(Protocol):
    """A learning-rate schedule: the factor on the peak learning rate at one step of `steps`."""

    def __call__(self, step: int, steps: int) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantDecay(Decay):
    """Constant learning rate after a linear warm-up. f(t) = min(1, (t + 1) / warmup)."""

    warmup: int = 0

    def __post_init__(self) -> None:
        _check_ramp(self.warmup)

    def __call__(self, step: int, steps: int) -> float:
        return min(1.0, (step + 1) / max(self.warmup, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearDecay(Decay):
    """Linear decay to `floor`, times a linear warm-up. f(t) = 1 − (1 − floor) t/T."""

    warmup: int = 0
    floor: float = 0.0

    def __post_init__(self) -> None:
        _check_ramp(self.warmup, self.floor)

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

    def __post_init__(self) -> None:
        _check_ramp(self.warmup, self.floor)

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
        for name in ("lr", "weight_decay", "epsilon"):
            value = getattr(self, name)
            if not 0 <= value < inf:
                raise UsageError(f"optimizer.{name} is {value}; give 0 or more")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise UsageError(f"optimizer.betas is {self.betas}; give two numbers in [0, 1)")
        if not self.clip_norm > 0:
            raise UsageError(f"optimizer.clip_norm is {self.clip_norm}; give more than 0, or inf")

    def lr_at(self, step: int, steps: int) -> float:
        """Learning rate of step `step` of `steps`."""
        return self.lr * self.decay(step, steps)

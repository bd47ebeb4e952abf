"""Truncated rollouts, which ended at the length limit: kept out of the loss or the baseline."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Bool, Float
from torch import Tensor

from whet.policy.advantages import WrappedAdvantage
from whet.types import AdvantageInputs


def _finished(inputs: AdvantageInputs) -> Tensor:
    if inputs.truncated is None:
        raise ValueError("this advantage needs inputs.truncated: say which rollouts were truncated")
    return ~inputs.truncated


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskTruncated(WrappedAdvantage):
    """Truncated rollouts count in the baseline but not in the loss. Â_n ← 1[finished] Â_n.

    This is DAPO's overlong filtering (arXiv:2503.14476) and TRL's `mask_truncated_completions`.
    Truncated rollouts leave all denominators, as in veRL. TRL's mean over rollouts counts them.
    """

    why_uncentred: ClassVar[str] = "truncated rollouts are missing from the sum"

    def learned(self, inputs: AdvantageInputs) -> Bool[Tensor, " B"]:
        """Mask of the finished rollouts that `inner` learns from."""
        return _finished(inputs) & self.inner.learned(inputs)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        return self.inner(inputs) * _finished(inputs)[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludeTruncated(WrappedAdvantage):
    """Truncated rollouts count in neither baseline nor loss (Skywork-OR1, arXiv:2505.22312).

    They leave all denominators.
    """

    def learned(self, inputs: AdvantageInputs) -> Bool[Tensor, " B"]:
        """Mask of the finished rollouts that `inner` learns from."""
        kept = _finished(inputs)
        return kept.masked_scatter(kept, self.inner.learned(inputs.where(kept)))

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        kept = _finished(inputs)
        credit = self.inner(inputs.where(kept))
        return credit.new_zeros(len(inputs.row)).masked_scatter(kept[inputs.row], credit)

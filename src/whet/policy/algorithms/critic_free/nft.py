"""NFT: Negative-aware Fine-Tuning (arXiv:2505.18116; the aggregation unconfirmed)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.arithmetic import mean_within
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.protocols.algorithm import Advantage, Aggregation, Clipping
from whet.types import AdvantageInputs, Batch, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class ByFailures:
    """ω = 1 − q: on policy Â = R − q."""

    def weight(self, q: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """ω of a success rate."""
        return 1 - q

    def rate(self, fall: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """The q of a wrong answer's −Â = ω q / (1 − q)."""
        return fall


@dataclass(frozen=True, slots=True, kw_only=True)
class ByDeviation:
    """ω = √((1 − q) / q): on policy Â is GRPO's, with the population's deviation."""

    def weight(self, q: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """ω of a success rate."""
        return ((1 - q) / q.clamp(min=1e-9)).sqrt()

    def rate(self, fall: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """The q of a wrong answer's −Â = ω q / (1 − q)."""
        return fall**2 / (1 + fall**2)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessRate(Advantage):
    """Â = ω for the right and −ω q / (1 − q) for the wrong, q the group's success rate.

    q is kept within [least, 1 − least]; groups that agree teach nothing.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})
    why_uncentred: ClassVar[str] = "it is made of what is right, not of rewards"

    by: ByFailures | ByDeviation = ByFailures()
    least: float = 0.02

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        if inputs.correct is None:
            raise ValueError("SuccessRate needs inputs.correct: judge the rollouts")
        weight = inputs.rollout_weight
        raw = mean_within(inputs.correct.to(inputs.reward), inputs.group, weight)
        q = raw.clamp(self.least, 1 - self.least)
        rise = self.by.weight(q)
        credit = torch.where(inputs.correct, rise, -rise * q / (1 - q))
        return credit.masked_fill((raw == 0) | (raw == 1), 0.0)[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImplicitNegative(Clipping):
    """Wrong answers train the policy that would have given them, of which ours is a part.

    f = Â log r  where Â > 0,  ω log max((1 − q r)/(1 − q), floor)  elsewhere; the floor bounds the
    value, the gradient passes.
    """

    by: ByFailures | ByDeviation = ByFailures()
    floor: float = 1.0

    def __call__(
        self, ratio: Float[Tensor, " N"], advantage: Float[Tensor, " N"]
    ) -> Float[Tensor, " N"]:
        q = self.by.rate((-advantage).clamp(min=0))
        rest = (1 - q * ratio) / (1 - q)
        rest = rest - rest.detach() + rest.detach().clamp(min=self.floor)
        wrong = (self.by.weight(q) * rest.log()).masked_fill(advantage == 0, 0.0)
        return torch.where(advantage > 0, advantage * ratio.log(), wrong)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerThousand(Aggregation):
    """w_n = 1 / (1000 B), whatever the length."""

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        return batch.weight / (1000 * batch.totals.rollouts)


def nft(*, floor: float = 1.0) -> Objective:
    """Supervised training that also learns from what is wrong, by its complement."""
    return Objective(
        advantage=SuccessRate(),
        ratio=TokenRatio(),
        clipping=ImplicitNegative(floor=floor),
        aggregation=PerThousand(),
    )

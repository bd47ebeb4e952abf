"""NFT: Negative-aware Fine-Tuning (arXiv:2505.18116; the aggregation unconfirmed)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.arithmetic import mean_within
from whet.policy.domains import POSITIVE, Domain, check
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.protocols.algorithm import Advantage, Aggregation, Bounded, Clipping
from whet.types import AdvantageInputs, Batch, Need

_RATE = Domain(lambda x: 0 <= x <= 1 / 2, "give a number from 0 to 0.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class ByFailures:
    """The weight ω = 1 − q, with which the on-policy advantage is R − q."""

    def weight(self, q: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """The weight ω at success rate q."""
        return 1 - q

    def rate(self, fall: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """The q of a wrong reply, solved from −Â = ω q / (1 − q)."""
        return fall


@dataclass(frozen=True, slots=True, kw_only=True)
class ByDeviation:
    """The weight ω = √((1 − q) / q).

    On-policy, the advantage is GRPO's, with the population's deviation.
    """

    def weight(self, q: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """The weight ω at success rate q."""
        return ((1 - q) / q.clamp(min=1e-9)).sqrt()

    def rate(self, fall: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """The q of a wrong reply, solved from −Â = ω q / (1 − q)."""
        return fall**2 / (1 + fall**2)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessRate(Advantage):
    """An advantage from the group's success rate q: Â = ω if correct, −ω q / (1 − q) if wrong.

    The rate q is clamped to [least, 1 − least]. Groups that are all correct or all wrong have Â =
    0.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP, Need.PAIRS, Need.CORRECTNESS})
    why_uncentred: ClassVar[str] = "it depends on correctness, not on rewards"

    by: ByFailures | ByDeviation = ByFailures()
    least: float = 0.02

    def __post_init__(self) -> None:
        check(self, least=_RATE)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        if inputs.correct is None:
            raise ValueError(
                "SuccessRate needs inputs.correct: give the run a reward that sets `correct`"
            )
        weight = inputs.rollout_weight
        raw = mean_within(inputs.correct.to(inputs.reward), inputs.group, weight)
        q = raw.clamp(self.least, 1 - self.least)
        rise = self.by.weight(q)
        credit = torch.where(inputs.correct, rise, -rise * q / (1 - q))
        return credit.masked_fill((raw == 0) | (raw == 1), 0.0)[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImplicitNegative(Bounded, Clipping):
    """Correct replies train π_θ; wrong replies train its implicit negative policy.

    f = Â log r  where Â > 0,  ω log max((1 − q r)/(1 − q), floor)  elsewhere

    The floor bounds the value; the gradient passes through. At r = 1 no floor up to 1 acts.
    """

    silences: ClassVar[bool] = False

    by: ByFailures | ByDeviation = ByFailures()
    floor: float = 1.0

    def __post_init__(self) -> None:
        check(self, floor=POSITIVE)

    def __call__(
        self, ratio: Float[Tensor, " N"], advantage: Float[Tensor, " N"]
    ) -> Float[Tensor, " N"]:
        q = self.by.rate((-advantage).clamp(min=0))
        grown = q / (1 - q) * (1 - ratio)  # (1 − q r)/(1 − q) − 1, with all its digits
        grown = grown - grown.detach() + grown.detach().clamp(min=self.floor - 1)
        wrong = (self.by.weight(q) * grown.log1p()).masked_fill(advantage == 0, 0.0)
        rising = advantage > 0
        likely = torch.where(rising, ratio, 1.0).log()  # a ratio of 0 elsewhere has no logarithm
        return torch.where(rising, advantage * likely, wrong)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerThousand(Aggregation):
    """The sum over tokens divided by 1000 per rollout, whatever its length. w_n = 1 / (1000 B)."""

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        return batch.weight / (1000 * batch.totals.rollouts)


def nft(*, floor: float = 1.0) -> Objective:
    """Supervised training on correct replies, and on wrong ones by an implicit negative policy."""
    return Objective(
        advantage=SuccessRate(),
        ratio=TokenRatio(),
        clipping=ImplicitNegative(floor=floor),
        aggregation=PerThousand(),
    )

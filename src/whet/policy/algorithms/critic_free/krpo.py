"""KRPO: Kalman-filter Relative Policy Optimization (arXiv:2505.07527)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.aggregation import SequenceMean
from whet.policy.arithmetic import centred_within, most_within, places, rectangle
from whet.policy.clipping import Clipped
from whet.policy.domains import AT_LEAST_0, POSITIVE, check
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.regularisers import K3
from whet.protocols.algorithm import Advantage
from whet.types import AdvantageInputs, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Innovation(Advantage):
    """A Kalman filter over the rewards of a group, in their order, gives baseline x and variance P.

    P ← P + Q,  K = P / (P + R_n),  x ← x + K (R_i − x),  P ← (1 − K) P;  Â_i = (R_i − x) / (√P + ε)

    x and P are those after the update. The filter starts at x = 0 and P = 1, as in the authors'
    code. There a group of equal rewards R ≠ 0 has positive or negative advantages only; here it has
    none (ours).
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})
    shift_sensitive: ClassVar[bool] = True  # x begins at 0
    why_leaves_differ: ClassVar[str] = "the filter treats every leaf as a separate measurement"
    why_uncentred: ClassVar[str] = "the baseline differs from reward to reward"

    drift: float = 1e-5  # Q
    noise: float = 1e-2  # R_n
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        check(self, drift=AT_LEAST_0, noise=POSITIVE, epsilon=AT_LEAST_0)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        where = places(inputs.group)
        columns, x, p = [], torch.zeros_like(inputs.reward[:1]), 1.0
        for reward in rectangle(inputs.reward, where).T:
            p = p + self.drift
            gain = p / (p + self.noise)
            p = (1 - gain) * p
            apart = reward - x
            x = x + gain * apart
            columns.append((1 - gain) * apart / (p**0.5 + self.epsilon))  # R_i − x after it
        innovation = torch.stack(columns, 1) if columns else inputs.reward[:, None]
        apart = centred_within(inputs.reward, inputs.group).abs()
        equal = most_within(apart, inputs.group) == 0
        return innovation[where.line, where.turn].masked_fill(equal, 0.0)[inputs.row]


def krpo(*, clip: float = 0.2, beta: float = 0.01) -> Objective:
    """GRPO with mean and deviation from a Kalman filter over the group's rewards."""
    return Objective(
        advantage=Innovation(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=SequenceMean(),
        regularisers=(K3(beta=beta),),
    )

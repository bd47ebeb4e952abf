"""Entropic advantages, TTT-Discover: the best reply counts, not the mean (arXiv:2601.16175)."""

from dataclasses import dataclass
from math import log
from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.aggregation import TokenMean
from whet.policy.arithmetic import level, most_within, size_within, sum_within
from whet.policy.clipping import Unclipped
from whet.policy.domains import POSITIVE, check
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.protocols.algorithm import Advantage
from whet.types import AdvantageInputs, Need, RunSpec

_HALVINGS = 80
_RANGE = (-20.0, 30.0)  # of log β, with rewards from −1 to 0
_SLIP = 1e-6  # rounding of leaves' weights, which add up to 1 in float32: 3 · ⅓


class _Tilt(NamedTuple):
    """Rewards of groups from −1 to 0, and weights of rollouts, by which β tilts the groups."""

    x: Float[Tensor, " B"]
    group: Tensor
    weight: Float[Tensor, " B"]
    size: Float[Tensor, " B"]  # n of the rollout's group

    def grown(self, log_beta: Float[Tensor, " B"]) -> Float[Tensor, " B"]:
        """The weight e = exp(β x)."""
        return (log_beta.exp() * self.x).exp()

    def apart(self, log_beta: Float[Tensor, " B"]) -> Float[Tensor, " B"]:
        """KL(softmax(β R) ‖ uniform) of the rollout's group, in nats."""
        grown = self.grown(log_beta)
        total = sum_within(self.weight * grown, self.group)
        logs = log_beta.exp() * self.x - total.log() + self.size.log()
        return sum_within(self.weight * grown * logs, self.group) / total

    def solved(self, divergence: float) -> Float[Tensor, " B"]:
        """The log β at which each group is `divergence` apart; the end of the range if none is."""
        low, high = (torch.full_like(self.x, end) for end in _RANGE)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            below = self.apart(middle) < divergence
            low, high = torch.where(below, middle, low), torch.where(below, high, middle)
        return high


@dataclass(frozen=True, slots=True, kw_only=True)
class EntropicLeaveOneOut(Advantage):
    """The reward's exponential weight against that of the others.

    Â_n = e^{βR_i} / mean_{j≠i}(e^{βR_j}) − 1,  KL(softmax(βR) ‖ uniform) = divergence

    Every group has its own β, so a shift or a scale of its rewards changes nothing.  Where m of n
    rewards are the best and ln(n/m) is not above the divergence, no β is large enough; β → ∞ then:
    −1 for the others, (n − 1)/(m − 1) − 1 for the best.  One of two has 1 (ours; e^{10^6} in the
    authors' code).
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})
    why_uncentred: ClassVar[str] = "the best gain more than the others lose"

    divergence: float = log(2)

    def __post_init__(self) -> None:
        check(self, divergence=POSITIVE)

    def run_warning(self, spec: RunSpec) -> str:
        """A warning for groups of which no member can be far enough from uniform."""
        if spec.samples <= 1 or log(spec.samples) > self.divergence:
            return ""
        return (
            f"EntropicLeaveOneOut.divergence is {self.divergence:.3g}, but a group of "
            f"{spec.samples} is never more than ln {spec.samples} from uniform, so β is infinite; "
            "sample more per task"
        )

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        reward, group, weight = inputs.reward.double(), inputs.group, inputs.rollout_weight
        each = torch.ones_like(reward) if weight is None else weight.double()
        best, worst = most_within(reward, group), -most_within(-reward, group)
        spread = torch.where(best > worst, best - worst, 1.0)
        size = size_within(group, each).double()
        tilt = _Tilt((reward - best) / spread, group, each, size)
        log_beta = tilt.solved(self.divergence)
        grown = tilt.grown(log_beta)
        others = (sum_within(each * grown, group) - grown).clamp(min=0) / (size - 1).clamp(min=1)
        least = 0.0 if weight is None else _SLIP
        lonely = (others <= least) & (grown == 1)  # the best of two
        others = torch.where(lonely, 1 / size, others)
        advantage = grown / torch.where(others > 0, others, 1.0) - 1
        return advantage.to(inputs.reward).masked_fill(_level(inputs), 0.0)[inputs.row]


def _level(inputs: AdvantageInputs) -> Tensor:
    """True for the rollouts of a group of equal rewards."""
    apart = ~level(inputs.reward, inputs.group, inputs.rollout_weight)
    return most_within(apart.double(), inputs.group) == 0


def entropic() -> Objective:
    """TTT-Discover's objective without its KL penalty and its search: the group's best count most.

    β and the leave-one-out mean are those of the authors' code (`entropic_adaptive_beta`), which
    sums r Â over tokens without a clip; here it is their mean.  The price λ log(π/π_ref) on the
    advantage, 0 by default in their code, and the search over earlier solutions are left out.
    """
    return Objective(
        advantage=EntropicLeaveOneOut(),
        ratio=TokenRatio(),
        clipping=Unclipped(),
        aggregation=TokenMean(),
    )

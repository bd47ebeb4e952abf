"""OTB: the Optimal Token Baseline (arXiv:2602.07078)."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from whet.policy.aggregation import TokenMean
from whet.policy.arithmetic import alike, centred_within, discounted, places, rectangle
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.protocols.algorithm import Advantage
from whet.types import AdvantageInputs, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimalTokenBaseline(Advantage):
    """A baseline for each position: the mean reward, weighted by the gradients until there.

    Â_{i,t} = R_i − B_t,  B_t = Σ_j W_{j,t} R_j / Σ_j W_{j,t},
    W_{i,t} = Σ_{s≤t} (1 − 2 π(s) + Σ_v π_s(v)²),  j: the group's rollouts with t tokens or more

    1 − 2 π(s) + Σ_v π_s(v)² is the squared norm of the gradient of log π(s) with respect to the
    logits; π is the proximal policy.  A tail that no other rollout is long enough for has no
    advantage: its baseline is its own reward, as in veRL without `handle_zero_tail`.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP, Need.COLLISION})
    per_token: ClassVar[bool] = True  # from position to position
    why_uncentred: ClassVar[str] = "its mean is weighted by the size of gradients"

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        if inputs.collision is None or inputs.proximal_logp is None:
            raise ValueError("OptimalTokenBaseline needs inputs.collision: declare Need.COLLISION")
        row = inputs.row
        squared = 1 - 2 * inputs.proximal_logp.double().exp() + inputs.collision.double()
        weight = _until(squared.clamp(min=0.0), row)
        if inputs.tree_weight is not None:
            weight = weight * inputs.tree_weight.double()
        position = alike(inputs.group[row], places(row).turn)
        return centred_within(inputs.reward[row], position, weight)


def _until(x: Float[Tensor, " N"], row: Tensor) -> Float[Tensor, " N"]:
    """The sum of each token and of those before it in its rollout."""
    where = places(row)
    return discounted(rectangle(x, where).flip(1), 1.0).flip(1)[where.line, where.turn]


def otb(*, low: float = 0.2, high: float = 0.2) -> Objective:
    """PPO's clip with a baseline of least variance for every position of a group's replies.

    The equations were read in veRL's code and page, which are the authors'; the loss is veRL's
    default, and 0.2 its clip.  veRL leaves a single rollout without a baseline; here, as by the
    equation, it is its own.
    """
    return Objective(
        advantage=OptimalTokenBaseline(),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
    )

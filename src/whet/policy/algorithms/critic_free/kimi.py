"""Kimi k1.5's online mirror descent (arXiv:2501.12599, the equations unconfirmed)."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from whet.policy.advantages import Centred
from whet.policy.aggregation import SequenceSum
from whet.policy.arithmetic import count_within, difference, mean_within, most_within, sum_within
from whet.policy.clipping import Unclipped
from whet.policy.domains import AT_LEAST_0, POSITIVE, check
from whet.policy.objective import Objective
from whet.policy.ratios import LogLikelihood
from whet.protocols.algorithm import Advantage, Bounded, Regulariser
from whet.types import AdvantageInputs, Batch, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftBaseline(Advantage):
    """The exact baseline of mirror descent. Â_n = R_i − τ log mean exp(R / τ) over the group."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})
    why_uncentred: ClassVar[str] = "the soft maximum is above the mean"

    tau: float = 0.1

    def __post_init__(self) -> None:
        check(self, tau=POSITIVE)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        top = most_within(inputs.reward, inputs.group)
        below = difference(inputs.reward, top)
        weight = inputs.rollout_weight
        mean = mean_within((below / self.tau).expm1(), inputs.group, weight)
        return (below - self.tau * mean.log1p())[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class SquaredMove(Bounded, Regulariser):
    """The squared log-ratio of a whole rollout, divided evenly among its tokens.

    Σ_n k_n = τ/2 (Σ_n log π_θ(n) − log π_prox(n))²,  the sums over the rollout
    """

    silences: ClassVar[bool] = False

    tau: float = 0.1

    def __post_init__(self) -> None:
        check(self, tau=AT_LEAST_0)

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        moved = sum_within(learner_logp - batch.proximal_logp, batch.row)
        return self.tau / 2 * moved**2 / count_within(batch.row)


def kimi(*, tau: float = 0.1) -> Objective:
    """REINFORCE with the group's mean as baseline and a squared log-ratio as penalty.

    The penalty is to the policy at the start of an iteration. Here an iteration is one batch, so
    this is the proximal policy. ROLL's form, a square for every token, is `K2` with `Proximal`; τ
    is the oracle's.
    """
    return Objective(
        advantage=Centred(),
        ratio=LogLikelihood(),
        clipping=Unclipped(),
        aggregation=SequenceSum(),
        regularisers=(SquaredMove(tau=tau),),
    )

"""SRFT: Supervised Reinforcement Fine-Tuning in a single stage (arXiv:2506.19767)."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from whet.policy.advantages import Standardised
from whet.policy.aggregation import SelectedTokenMean
from whet.policy.arithmetic import mean_within
from whet.policy.clipping import Imitation, Unclipped
from whet.policy.corrections import ConstantWeight
from whet.policy.domains import FINITE, check
from whet.policy.extensions.demonstrations import Demonstrations
from whet.policy.objective import Objective, Term
from whet.policy.ratios import LogLikelihood, Probability
from whet.policy.selections import Both, Correct, External, Not, PolicyTokens
from whet.protocols.algorithm import Correction
from whet.types import Batch, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class ByEntropy(Correction):
    """A weight from the mean entropy H_i of the rollout. c_n = scale · exp(slope · H_i).

    H_i is over all tokens of the rollout, those outside the term's selection included.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.ENTROPY})
    of_whole_rollouts: ClassVar[bool] = True

    scale: float
    slope: float

    def __post_init__(self) -> None:
        check(self, scale=FINITE, slope=FINITE)

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        if batch.entropy is None:
            raise ValueError("ByEntropy needs batch.entropy: take an engine that records entropies")
        mean = mean_within(batch.entropy, batch.row, batch.tree_weight)
        return self.scale * (self.slope * mean).exp()


def srft(*, imitation: float = 0.5, own: float = 0.1, count: int = 1) -> Objective:
    """Supervised and policy-gradient terms on demonstrations and on own replies, in one loss.

    Imitation of demonstrations weighs more at low entropy, that of correct own replies at high
    entropy. Wrong own replies have a constant negative weight. That the entropy is each rollout's
    own, and not the batch's, is our reading.
    """
    likelihood, whole = LogLikelihood(), SelectedTokenMean()
    right, wrong = (
        Both(one=PolicyTokens(), other=Correct()),
        Both(one=PolicyTokens(), other=Not(of=Correct())),
    )

    def imitated(on: External | Both, weight: ByEntropy | ConstantWeight) -> Term:
        return Term(
            ratio=likelihood,
            clipping=Imitation(),
            aggregation=whole,
            corrections=(weight,),
            on=on,
        )

    return Objective(
        advantage=Standardised(),
        ratio=Probability(),
        clipping=Unclipped(),
        aggregation=whole,
        on=External(),
        extra=(
            imitated(External(), ByEntropy(scale=imitation, slope=-1.0)),
            imitated(right, ByEntropy(scale=own, slope=1.0)),
            imitated(wrong, ConstantWeight(factor=-1.0)),
        ),
        companions=(Demonstrations(count=count),),
        why_not_reinforce="demonstrations, correct and wrong replies have separate terms",
    )

"""SPO: Single-stream Policy Optimization (arXiv:2509.13232)."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from whet.policy.aggregation import TokenMean
from whet.policy.arithmetic import centred, difference
from whet.policy.clipping import Clipped
from whet.policy.domains import POSITIVE, check
from whet.policy.extensions.tracker import Tracker
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.protocols.algorithm import Advantage
from whet.types import AdvantageInputs, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Surprise(Advantage):
    """The reward minus the prompt's tracked value, normalised over the batch.

    Â_n = (a_i − mean(a)) / (std(a) + ε),  a_i = R_i − v(prompt), over rollouts, with n − 1
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.BASELINE})

    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        check(self, epsilon=POSITIVE)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        if inputs.baseline is None:
            raise ValueError("Surprise needs inputs.baseline: add Tracker to the companions")
        raw = difference(inputs.reward, inputs.baseline)
        apart, squares, size = centred(raw, inputs.rollout_weight)
        deviation = (squares / max(size - 1, 1)).sqrt()
        return (apart / (deviation + self.epsilon))[inputs.row]


def spo_single(*, low: float = 0.2, high: float = 0.28) -> Objective:
    """PPO's clip with one reply per prompt and a tracked value of the prompt as baseline."""
    return Objective(
        advantage=Surprise(),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
        companions=(Tracker(),),
    )

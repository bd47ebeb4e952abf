"""SPO-tree: Segment Policy Optimization on a tree (arXiv:2505.23564, the equations unconfirmed)."""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.advantages import Centred, Standardised
from whet.policy.aggregation import SelectedTokenMean
from whet.policy.arithmetic import alike, mean_within, steps
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.selections import LowProbability
from whet.protocols.algorithm import Advantage
from whet.types import AdvantageInputs, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Siblings(Advantage):
    """Segments after the same prefix, compared by the mean reward of the rollouts through them.

    V(s) = mean of R over the rollouts through s;  Â = V(next) among its siblings, standardised

    A segment that several rollouts share counts once for each.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP, Need.STATES, Need.SEGMENTS})
    per_token: ClassVar[bool] = True

    inner: Centred | Standardised = Standardised()

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        if inputs.segment is None or inputs.state is None:
            raise ValueError("Siblings needs inputs.segment and inputs.state: sample trees")
        step = steps(inputs.row, inputs.segment)
        reward = inputs.reward[step.row]
        node = alike(inputs.group[step.row], inputs.state[step.first])
        weight = inputs.rollout_weight
        held = None if weight is None else weight[step.row]
        through = mean_within(reward.double(), node, held).to(reward)
        after = torch.where(step.last, reward, through.roll(-1))
        return self.inner(replace(inputs, reward=after, group=node, row=step.of))


def spo_tree(*, clip: float = 0.2, sure: float = 0.9) -> Objective:
    """PPO on a tree of rollouts, which gives the values of segments without a critic."""
    return Objective(
        advantage=Siblings(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=SelectedTokenMean(),
        on=LowProbability(below=sure),
        why_not_reinforce="only tokens of low probability have a gradient",
    )

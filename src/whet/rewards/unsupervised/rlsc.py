"""RLSC (arXiv:2506.06395, unconfirmed): likely replies are made more likely."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.unsupervised.confidence import mean, own, rated
from whet.types import Group, Rollout, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Rlsc(GroupReward):
    """R_i = exp(mean_t log μ(y_t)) + α: the weight of log π_θ(y) in −(p_old(y) + α) log p_θ(y).

    It is the probability of an average token, which does not underflow.  α is unconfirmed.  Use it
    with an objective without a baseline (`RewardOnly`); a group's baseline cancels α.
    """

    compares = False

    alpha: float = 0.1
    truth: Judge | None = Declared()  # for the record only

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        return await rated(group, self._of, self.truth, context)

    def _of(self, rollout: Rollout) -> float:
        return exp(mean(own(rollout, rollout.behaviour_logp, "behaviour_logp"))) + self.alpha

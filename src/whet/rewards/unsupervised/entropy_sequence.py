"""EM-RL, sequence form (arXiv:2505.15134, unconfirmed): the reward is the reply's likelihood."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.unsupervised.confidence import mean, own, rated
from whet.types import Group, Rollout, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class EntropySequence(GroupReward):
    """R_i = mean_t log μ(y_t).

    It is the mean and not the sum, so that short replies have no advantage.
    """

    compares = False

    truth: Judge | None = Declared()  # for the record only

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        return await rated(group, self._of, self.truth, context)

    def _of(self, rollout: Rollout) -> float:
        return mean(own(rollout, rollout.behaviour_logp, "behaviour_logp"))

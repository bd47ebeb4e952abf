"""Intuitor (arXiv:2505.19590): the reward is the policy's self-certainty."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.unsupervised.confidence import mean, own, rated
from whet.types import Group, Rollout, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfCertainty(GroupReward):
    """u_i = mean_t KL(U ‖ π(·|t)) = mean_t (−log V − mean_v log π_v), at temperature 1.

    Longer text and templates raise it without any reasoning, which is a known weakness.
    """

    compares = False

    truth: Judge | None = Declared()  # for the record only

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        return await rated(group, self._of, self.truth, context)

    def _of(self, rollout: Rollout) -> float:
        return mean(own(rollout, rollout.self_certainty, "self_certainty"))

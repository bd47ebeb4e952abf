"""EM-RL, token form (arXiv:2505.15134; RENT, arXiv:2505.22660): low entropy is rewarded."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.unsupervised.confidence import mean, own, rated
from whet.types import Group, Rollout, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class EntropyToken(GroupReward):
    """R_i = −mean_t H(π(·|t)), in nats, of the distribution that was sampled from.

    The mean goes over the whole response, as in the authors' release (RENT).  The optimum repeats
    one phrase for ever: use a reference policy and stop early.
    """

    compares = False

    truth: Judge | None = Declared()  # for the record only

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        return await rated(group, self._of, self.truth, context)

    def _of(self, rollout: Rollout) -> float:
        return -mean(own(rollout, rollout.entropy, "entropy"))

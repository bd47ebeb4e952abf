"""RLSF (arXiv:2507.21931, unconfirmed): the policy's confidence in its final answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.unsupervised.confidence import mean, own, rated
from whet.types import Group, Rollout, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Rlsf(GroupReward):
    """R_i = mean over the answer's tokens of 2 μ(y_t) − 1.

    The paper takes p_top1 − p_top2, which a rollout does not record.  Where the sampled token is
    the likeliest, 2 p − 1 is a lower bound of that gap, and equal to it if two tokens hold all
    mass.  The answer begins after the last `mark`; a reply without a mark is measured as a whole.
    The paper ranks samples by this value and learns from pairs; here the value is the reward.
    """

    compares = False

    mark: str = "#"
    truth: Judge | None = Declared()  # for the record only

    def __post_init__(self) -> None:
        if not self.mark:
            raise UsageError("rlsf.mark is ''; give what announces an answer, such as '#'")

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        return await rated(group, self._of, self.truth, context)

    def _of(self, rollout: Rollout) -> float:
        said = own(rollout, rollout.char_ends, "char_ends")
        last = rollout.spoken[-1].start if rollout.spoken else 0
        begin = rollout.reply.rfind(self.mark) + len(self.mark)
        logp = own(rollout, rollout.behaviour_logp, "behaviour_logp")
        first = max(last - rollout.forced_len, 0)
        answer = [p for end, p in zip(said[first:], logp[first:], strict=True) if end > begin]
        return mean([2 * exp(p) - 1 for p in (answer or logp)])

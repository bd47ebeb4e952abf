"""RLSF (arXiv:2507.21931, unconfirmed): the policy's confidence in its final answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.unsupervised.confidence import mean, own, rated
from whet.rewards.unsupervised.readers import Marked
from whet.rewards.unsupervised.votes import unanswered
from whet.types import Group, Rollout, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Rlsf(GroupReward):
    """R_i = mean over the answer's tokens of max(0, 2 μ(y_t) − 1); 0 without an answer.

    The paper takes p_top1 − p_top2, which a rollout does not record.  2 p − 1 is a lower bound of
    that gap, equal to it if two tokens hold all mass, and so is 0.  The answer is the rest of the
    line after the last `mark`, behind the thoughts; a reply without one, or that was cut in it,
    earns 0, which no answer undercuts.  The paper ranks samples by this value and learns from
    pairs; here the value is the reward.  A wrong answer that is always the same earns 1.
    """

    compares = False

    mark: str = "#"
    truth: Judge | None = Declared()  # for the record only

    def __post_init__(self) -> None:
        if not self.mark:
            raise UsageError("rlsf.mark is ''; give what announces an answer, such as '#'")

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        return await rated(group, self._of, self.truth, context)

    def _of(self, rollout: Rollout) -> float | Verdict:
        ends = own(rollout, rollout.char_ends, "char_ends")
        logp = own(rollout, rollout.behaviour_logp, "behaviour_logp")
        if Marked(mark=self.mark)(rollout) is None:
            return unanswered(rollout)
        begin = rollout.reply.rfind(self.mark) + len(self.mark)
        stop = begin + len(rollout.reply[begin:].partition("\n")[0])
        last = rollout.spoken[-1].start if rollout.spoken else 0
        first = max(last - rollout.forced_len, 0)
        starts = [0, *ends[first:-1]]
        spans = zip(starts, ends[first:], logp[first:], strict=True)
        answer = [p for start, end, p in spans if end > begin and start < stop]
        return mean([max(0.0, 2 * exp(p) - 1) for p in answer]) if answer else unanswered(rollout)

"""A bonus for answers that few others give (arXiv:2509.06941, unconfirmed)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping._bend import rescore_group, right
from whet.rewards.unsupervised import Announced, Extractor
from whet.types import Group, Rollout, UsageError, Verdict

_MOST = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Diversity(GroupReward):
    """R + b / √N(a_i)  where the reply is right, N how many replies of the group give its answer.

    b is the most anyone can get, and at most 0.1, so that nothing is gained by being merely odd.
    Counts are those of the group; the paper also counts over all that was seen before.
    """

    bonus: float = 0.1
    reader: Extractor = Announced()
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        """Refuse sizes that make no sense."""
        if not 0 <= self.bonus <= _MOST:
            raise UsageError(f"diversity.bonus is {self.bonus}; give one in [0, {_MOST}]")

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Count the answers."""
        found = await context.judge(self.inner, group)
        answers = [self.reader(rollout) for rollout in group]

        def score_of(rollout: Rollout, verdict: Verdict) -> float:
            answer = self.reader(rollout)
            rare = self.bonus / sqrt(answers.count(answer)) if answer is not None else 0.0
            return verdict.score + right(verdict) * rare

        return rescore_group(group, found, score_of, "diversity")

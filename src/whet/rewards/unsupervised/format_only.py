"""A control: an answer is announced, whatever it is (spurious rewards, arXiv:2506.10947)."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.unsupervised._answers import Announced, Extractor
from whet.rewards.unsupervised._truth import with_truth
from whet.rewards.unsupervised._votes import ballot
from whet.types import Group, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatOnly(GroupReward):
    """R = 1 where the reader finds an answer, right or wrong."""

    reader: Extractor = Announced()
    truth: Judge | None = Declared()  # for the record only

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Look for one."""
        answers = [self.reader(rollout) for rollout in group]
        found = [ballot(r, a, a) for r, a in zip(group, answers, strict=True)]
        return await with_truth(group, found, self.truth, context)

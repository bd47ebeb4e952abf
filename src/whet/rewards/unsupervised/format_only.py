"""A control: any announced answer is rewarded (spurious rewards, arXiv:2506.10947)."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.unsupervised.readers import Announced, Extractor
from whet.rewards.unsupervised.truth import with_truth
from whet.rewards.unsupervised.votes import ballot
from whet.types import Group, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatOnly(GroupReward):
    """R = 1 where the reader finds an answer, right or wrong, else 0."""

    compares = False

    reader: Extractor = Announced()
    truth: Judge | None = Declared()  # for the record only

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        answers = [self.reader(rollout) for rollout in group]
        found = [ballot(r, a, a) for r, a in zip(group, answers, strict=True)]
        return await with_truth(group, found, self.truth, context)

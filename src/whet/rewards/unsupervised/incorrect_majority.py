"""A control: the commonest wrong answer is the label (spurious rewards, arXiv:2506.10947)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.unsupervised.broken_rollouts import among_unbroken
from whet.rewards.unsupervised.clusters import clustered
from whet.rewards.unsupervised.readers import Announced, Extractor
from whet.rewards.unsupervised.truth import with_truth
from whet.rewards.unsupervised.votes import ballot, winner
from whet.types import Group, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class IncorrectMajority(GroupReward):
    """R_i = 1[a_i = mode of the answers that the checker calls wrong]; 0 where none is wrong.

    Unlike the other controls it uses the checker, with the opposite sign.  The paper labels with
    the majority's answer only where that is wrong.
    """

    reader: Extractor = Announced()
    truth: Judge = Declared()

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        return await among_unbroken(group, partial(self._voted, context))

    async def _voted(self, context: RewardContext, group: Group) -> Sequence[Verdict]:
        real = await context.judge(self.truth, group)
        spelled = [self.reader(r) if v.judged else None for r, v in zip(group, real, strict=True)]
        answers = await clustered(group.rollouts, spelled, self.truth, context)
        wrong = [a for a, v in zip(answers, real, strict=True) if v.correct is False]
        label = winner(wrong)
        found = [
            ballot(r, a, label) if v.judged else v
            for r, a, v in zip(group, answers, real, strict=True)
        ]
        return await with_truth(group, found, self.truth, context)

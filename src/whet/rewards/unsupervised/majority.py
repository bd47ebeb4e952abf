"""TTRL (arXiv:2504.16084): the majority's answer is the label."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.unsupervised.broken_rollouts import among_unbroken
from whet.rewards.unsupervised.clusters import clustered
from whet.rewards.unsupervised.readers import Announced, Extractor
from whet.rewards.unsupervised.truth import with_truth
from whet.rewards.unsupervised.votes import ballot, share, winner
from whet.types import Group, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Majority(GroupReward):
    """R_i = 1[a_i = a*],  a* = mode(a_1 … a_G).

    Answers are equal where the judge `truth` says so, or where they are spelled alike (`clusters`).
    Among answers with equally many votes the one seen first wins.  A reply without an answer casts
    no vote and earns 0; it counts in the `majority_ratio`.  A rollout that ended with a fault
    counts nowhere.  All votes are learned from; in the paper more replies vote than are learned
    from (64 and 32, unconfirmed).  The same wrong answer in every reply earns 1.

    Parts: `majority_ratio`, `label_accuracy` (is a* right?), `reward_accuracy`.
    """

    reader: Extractor = Announced()
    truth: Judge | None = Declared()  # says which answers are equal; else for the record only

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        return await among_unbroken(group, partial(self._voted, context))

    async def _voted(self, context: RewardContext, group: Group) -> Sequence[Verdict]:
        spelled = [self.reader(rollout) for rollout in group]
        answers = await clustered(group.rollouts, spelled, self.truth, context)
        label = winner(answers)
        votes = [ballot(r, a, label) for r, a in zip(group, answers, strict=True)]
        found = await with_truth(group, votes, self.truth, context)
        parts = {"majority_ratio": share(label, answers)}
        if label is not None and (right := found[answers.index(label)].correct) is not None:
            parts["label_accuracy"] = float(right)
        return tuple(replace(v, parts={**v.parts, **parts}) for v in found)

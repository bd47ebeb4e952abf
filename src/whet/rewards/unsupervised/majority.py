"""TTRL: the majority's answer is the label (arXiv:2504.16084)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.unsupervised._answers import Announced, Extractor
from whet.rewards.unsupervised._truth import with_truth
from whet.rewards.unsupervised._votes import ballot, share, winner
from whet.types import Group, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Majority(GroupReward):
    """R_i = 1[a_i = a*],  a* = mode(a_1 … a_G).

    Of equally many votes those for the answer seen first win.  A reply without an answer casts no
    vote and earns 0, but counts in the `majority_ratio`.  Everyone who votes is learned from,
    while the paper lets more vote than it learns from (64 and 32, unconfirmed).

    Parts: `majority_ratio`, `label_accuracy` (is a* right?), `reward_accuracy`.
    """

    reader: Extractor = Announced()
    truth: Judge | None = Declared()  # for the record only

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Count the votes."""
        answers = [self.reader(rollout) for rollout in group]
        label = winner(answers)
        votes = [ballot(r, a, label) for r, a in zip(group, answers, strict=True)]
        found = await with_truth(group, votes, self.truth, context)
        parts = {"majority_ratio": share(label, answers)}
        if label is not None and (right := found[answers.index(label)].correct) is not None:
            parts["label_accuracy"] = float(right)
        return tuple(replace(v, parts={**v.parts, **parts}) for v in found)

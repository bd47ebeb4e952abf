"""Co-rewarding (arXiv:2508.00410, unconfirmed): the answers to a paraphrase give the label."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.unsupervised.broken_rollouts import among_unbroken, unbroken
from whet.rewards.unsupervised.clusters import clustered
from whet.rewards.unsupervised.paraphrases import Paraphrase, Template
from whet.rewards.unsupervised.readers import Announced, Extractor
from whet.rewards.unsupervised.truth import with_truth
from whet.rewards.unsupervised.votes import ballot, share, winner
from whet.types import Decoding, Group, Need, Request, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CoReward(GroupReward):
    """R_i = 1[a_i = mode(b_1 … b_G)],  b the answers to a paraphrase of the question.

    The paraphrase is played as often as the question, with the same seeds.  Here it only votes; in
    the paper each wording labels the other, and both are learned from.  Plays that ended with a
    fault don't vote; where all did, there is no label, and the replies are faults.
    """

    needs = frozenset({Need.POLICY})

    paraphrase: Paraphrase = Template()
    decoding: Decoding = Decoding()
    reader: Extractor = Announced()
    truth: Judge | None = Declared()  # says which answers are equal; else for the record only

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        return await among_unbroken(group, partial(self._voted, context))

    async def _voted(self, context: RewardContext, group: Group) -> Sequence[Verdict]:
        if not group:
            return ()
        task = self.paraphrase(group.task)
        seeds = tuple(rollout.seed for rollout in group)
        others = unbroken(await context.played(Request.of(task, seeds, self.decoding)))
        if not others:
            fault = Verdict.unjudged(f"all plays of the paraphrase {task.id!r} ended with a fault")
            return [fault] * len(group)
        both = (*others, *group)
        spelled = [self.reader(rollout) for rollout in both]
        answers = await clustered(both, spelled, self.truth, context)
        votes, own = answers[: len(others)], answers[len(others) :]
        label = winner(votes)
        parts = {"majority_ratio": share(label, votes)}
        found = [replace(ballot(r, a, label), parts=parts) for r, a in zip(group, own, strict=True)]
        return await with_truth(group, found, self.truth, context)

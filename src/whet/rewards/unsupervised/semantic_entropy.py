"""EMPO (arXiv:2504.05812): a reply earns by how many replies share its meaning."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import log

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.unsupervised.broken_rollouts import among_unbroken
from whet.rewards.unsupervised.clusters import clustered
from whet.rewards.unsupervised.readers import Announced, Extractor
from whet.rewards.unsupervised.truth import with_truth
from whet.rewards.unsupervised.votes import ballot, disagreement, share
from whet.types import Group, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticEntropy(GroupReward):
    """R_i = |C(i)| / G, the share of replies with the same answer as reply i.

    This holds where `low` · log G < SE < `high` · log G, with SE = −Σ_C p(C) log p(C); elsewhere
    all replies earn 0.  A reply without an answer is a cluster of its own in SE and earns 0.  A
    rollout that ended with a fault counts nowhere, not in G either.  The bounds are fractions of
    the largest possible entropy; their values are ours.
    """

    low: float = 0.2
    high: float = 0.9
    reader: Extractor = Announced()
    truth: Judge | None = Declared()  # says which answers are equal; else for the record only

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high:
            raise UsageError(
                f"semantic_entropy.low is {self.low} and high {self.high}; give 0 ≤ low < high"
            )

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        return await among_unbroken(group, partial(self._voted, context))

    async def _voted(self, context: RewardContext, group: Group) -> Sequence[Verdict]:
        spelled = [self.reader(rollout) for rollout in group]
        answers = await clustered(group.rollouts, spelled, self.truth, context)
        entropy = disagreement(answers)
        most = log(max(len(group), 1))
        inside = self.low * most < entropy < self.high * most
        found = [
            replace(
                ballot(r, a, a),
                score=share(a, answers) if inside else 0.0,
                parts={"semantic_entropy": entropy, "cluster_share": share(a, answers)},
            )
            for r, a in zip(group, answers, strict=True)
        ]
        return await with_truth(group, found, self.truth, context)

"""A control: the reward is a coin toss (spurious rewards, arXiv:2506.10947)."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random as Rng

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.unsupervised.truth import with_truth
from whet.types import Group, Reason, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Random(GroupReward):
    """R ~ Bernoulli(γ), drawn from the rollout's seed and task; the reply has no influence.

    Any improvement under it comes from the prior and from clipping, not from the reward.
    """

    compares = False

    probability: float = 0.5
    truth: Judge | None = Declared()  # for the record only

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise UsageError(f"random.probability is {self.probability}; give one between 0 and 1")

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        coins = [Rng(f"{r.task.id}/{r.seed}").random() < self.probability for r in group]
        found = [Verdict(reason=Reason.PARTIAL, score=float(coin)) for coin in coins]
        return await with_truth(group, found, self.truth, context)

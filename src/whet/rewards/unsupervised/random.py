"""A control: the reward is a coin (spurious rewards, arXiv:2506.10947)."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random as Rng

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.unsupervised._truth import with_truth
from whet.types import Group, Reason, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Random(GroupReward):
    """R ~ Bernoulli(γ), drawn from the rollout's seed and task: what is said doesn't matter.

    What improves under it is owed to the prior and to clipping, not to the reward.
    """

    probability: float = 0.5
    truth: Judge | None = Declared()  # for the record only

    def __post_init__(self) -> None:
        """Refuse what is no probability."""
        if not 0 <= self.probability <= 1:
            raise UsageError(f"random.probability is {self.probability}; give one between 0 and 1")

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Toss a coin for each."""
        coins = [Rng(f"{r.task.id}/{r.seed}").random() < self.probability for r in group]
        found = [Verdict(reason=Reason.PARTIAL, score=float(coin)) for coin in coins]
        return await with_truth(group, found, self.truth, context)

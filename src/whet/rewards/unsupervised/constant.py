"""A control: every reply earns the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.unsupervised.truth import with_truth
from whet.types import Group, Reason, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant(GroupReward):
    """R = `value`.  No group baseline learns from it, so every metric must stay where it is."""

    compares = False

    value: float = 1.0
    truth: Judge | None = Declared()  # for the record only

    def __post_init__(self) -> None:
        if not isfinite(self.value):
            raise UsageError(f"constant.value is {self.value}; give a finite number")

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = [Verdict(reason=Reason.PARTIAL, score=self.value) for _ in group]
        return await with_truth(group, found, self.truth, context)

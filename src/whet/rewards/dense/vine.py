"""VinePPO: the value of a step is how often the policy gets there from it (arXiv:2410.01679)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.dense.cutting import Cuts, Separated
from whet.rewards.dense.monte_carlo import Continuations, differences, noise, valued
from whet.rewards.dense.placing import Spread
from whet.types import Decoding, Group, Need, Rollout, Verdict

_SIGMAS = 2  # differences within so many deviations of their own noise tell nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Vine(GroupReward):
    """A_k = V̂(s_{k+1}) − V̂(s_k),  V̂(s) the mean score of K continuations, the outcome at the end.

    Every token of step k has A_k as its credit: an advantage already, not a reward to sum up.
    K = 9 is unconfirmed.  Part `signal` is the share of steps whose |A_k| is above twice the
    deviation √(V̂ (1 − V̂) / K) of its first value, which supposes scores of 0 and 1.
    """

    needs = frozenset({Need.POLICY})

    count: int = 9
    cuts: Cuts = Separated()
    decoding: Decoding = Decoding()
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        """Refuse as the continuations do."""
        self._plays()

    def _plays(self) -> Continuations:
        return Continuations(count=self.count, decoding=self.decoding, judge=self.inner)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Play on from every cut."""
        return await valued(group, self._plays(), self.cuts, context, self._of)

    def _of(
        self, rollout: Rollout, verdict: Verdict, steps: list[slice], values: list[float]
    ) -> Verdict:
        gains = differences(values, verdict.score)
        credit = Spread()(gains, steps, rollout.length)
        told = [
            abs(gain) > _SIGMAS * noise(value, self.count)
            for gain, value in zip(gains, values, strict=True)
        ]
        parts = {"value": values[0], "steps": float(len(gains)), "signal": fmean(told)}
        return replace(verdict, credit=credit, parts={**verdict.parts, **parts})

"""SPO-chain: values where the policy hesitated, credit for what it was unsure of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.dense._cuts import Cuts, Surprises
from whet.rewards.dense._places import Spread
from whet.rewards.dense._values import Continuations, differences, valued
from whet.types import Decoding, Group, Need, Rollout, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments(GroupReward):
    """A_n = V̂(end) − V̂(start) of its segment, 0 for tokens likelier than `sure` (arXiv:2505.23564).

    V̂ is the mean score of `count` continuations, the outcome at the end; K = 9 is unconfirmed.
    Tokens are masked last: one may be where a segment ends, and still get nothing.
    """

    needs = frozenset({Need.POLICY})

    sure: float = 0.9
    count: int = 9
    cuts: Cuts = Surprises()
    decoding: Decoding = Decoding()
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        """Refuse what is no probability."""
        if not 0 < self.sure <= 1:
            raise UsageError(f"segments.sure is {self.sure}; give a probability in (0, 1]")
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
        spread = Spread()(gains, steps, rollout.length)
        credit = unsure(spread, rollout.behaviour_logp.tolist(), self.sure)
        parts = {"value": values[0], "steps": float(len(gains))}
        return replace(verdict, credit=credit, parts={**verdict.parts, **parts})


def unsure(credit: Sequence[float], logp: Sequence[float], sure: float) -> tuple[float, ...]:
    """0 where π > `sure`."""
    return tuple(0.0 if p > log(sure) else c for c, p in zip(credit, logp, strict=True))

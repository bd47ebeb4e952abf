"""PAV: a step is worth the progress that a prover makes by it (arXiv:2410.08146)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.dense._cuts import Cuts, Separated
from whet.rewards.dense._places import AtEnd
from whet.rewards.dense._values import Continuations, best_of, differences, valued
from whet.types import Decoding, Group, Need, Rollout, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(GroupReward):
    """r_k = α (Q^μ(s_{k+1}) − Q^μ(s_k)) at the last token of step k.

    The prover μ is the best of K of the policy itself, Q^μ = 1 − (1 − Q^π)^K; Q^π is the mean score
    of `count` continuations, and the outcome at the end.  The paper's α lies around 3 to 5
    (unconfirmed); Q^π itself is learned from through the score.
    """

    needs = frozenset({Need.POLICY})

    alpha: float = 3.0
    prover: int = 4
    count: int = 8
    cuts: Cuts = Separated()
    decoding: Decoding = Decoding()
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        """Refuse a prover that never tries."""
        if self.prover < 1:
            raise UsageError(f"progress.prover is {self.prover}; give 1 or more")
        self._plays()

    def _plays(self) -> Continuations:
        return Continuations(count=self.count, decoding=self.decoding, judge=self.inner)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Play on from every cut."""
        return await valued(group, self._plays(), self.cuts, context, self._of)

    def _of(
        self, rollout: Rollout, verdict: Verdict, steps: list[slice], values: list[float]
    ) -> Verdict:
        proved = [best_of(value, self.prover) for value in values]
        gains = differences(proved, best_of(verdict.score, self.prover))
        credit = AtEnd()([self.alpha * gain for gain in gains], steps, rollout.length)
        parts = {"value": values[0], "prover": proved[0], "steps": float(len(gains))}
        return replace(verdict, credit=credit, parts={**verdict.parts, **parts})

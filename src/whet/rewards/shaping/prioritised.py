"""G-RA: a component counts only where all that matter more hold (gated rewards, unconfirmed)."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping._bend import right
from whet.rewards.shaping._composition import (
    HOLDS,
    Weighed,
    combined_verdict,
    hear,
    labels,
    outside,
    unjudged,
)
from whet.types import Group, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Prioritised(GroupReward):
    """R = c + Σ_j w_j x_j 1[c = 1] Π_{i<j} 1[s_i ≥ ½],  in the order of `parts`.

    The inner judge matters most: c = 1 where it says right, else 0.  Then each component, as long
    as the scores s_i of all before it hold.
    """

    parts: tuple[Weighed, ...] = ()
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        """Refuse components that could turn a right reply down."""
        labels("prioritised", self.parts)
        worst = 1 + sum(min(part.span.low, 0.0) for part in self.parts)
        if worst <= 0:
            raise UsageError(
                f"prioritised.parts let a right reply score {worst:g}; lower their weights"
            )

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Ask everyone, and count as far as conditions hold."""
        checked = await context.judge(self.inner, group)
        rows = await hear([part.judge for part in self.parts], group, context)
        return [self._of(*of) for of in zip(checked, rows, strict=True)]

    def _of(self, checked: Verdict, row: tuple[Verdict, ...]) -> Verdict:
        broken = unjudged((checked,), row) or outside(self.parts, row)
        if broken is not None:
            return broken
        score, holds = float(right(checked)), right(checked)
        for part, verdict in zip(self.parts, row, strict=True):
            score += holds * part.weight * part.value(verdict.score)
            holds = holds and verdict.score >= HOLDS
        return combined_verdict(checked, score, self.parts, row)

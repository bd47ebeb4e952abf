"""G-RA: a component counts only where all more important ones hold (unconfirmed)."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.composition import (
    HOLDS,
    Weighed,
    combined_verdict,
    hear,
    labels,
    outside,
    unjudged,
)
from whet.rewards.shaping.idle import empty
from whet.rewards.shaping.nesting import Shaper, reads_only_right
from whet.rewards.shaping.rescoring import only_right, reaches
from whet.types import Group, RunSpec, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Prioritised(Shaper):
    """R = c + Σ_j w_j x_j 1[c = 1] Π_{i<j} 1[s_i ≥ ½],  in the order of `parts`.

    c = 1 where the inner reward says right, else 0.  A component counts as long as the scores s_i
    of all components before it reach ½.
    """

    compares = False

    parts: tuple[Weighed, ...] = ()
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        reads_only_right("prioritised", self.inner)
        labels("prioritised", self.parts)
        worst = 1 + sum(min(part.span.low, 0.0) for part in self.parts)
        if worst <= 0:
            raise UsageError(
                f"prioritised.parts let a right reply score {worst:g}; lower their weights"
            )

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a sum without components."""
        del spec
        return empty("prioritised", self.parts)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        checked = await context.judge(self.inner, group)
        rows = await hear([part.judge for part in self.parts], group, context)
        return [self._of(*of) for of in zip(checked, rows, strict=True)]

    def _of(self, checked: Verdict, row: tuple[Verdict, ...]) -> Verdict:
        broken = unjudged((checked,), row) or outside(self.parts, row)
        if broken is not None:
            return broken
        score, holds = float(only_right(checked)), only_right(checked)
        for part, verdict in zip(self.parts, row, strict=True):
            score += holds * part.weight * part.value(verdict.score)
            holds = holds and reaches(verdict.score, HOLDS)
        return combined_verdict(checked, score, self.parts, row)

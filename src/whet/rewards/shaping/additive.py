"""A rule's verdict plus a small share of a model's score."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import zero
from whet.rewards.shaping.nesting import Shaper, reads_only_right
from whet.rewards.shaping.rescoring import joined, only_right
from whet.types import Group, RunSpec, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Additive(Shaper):
    """R = c + λ clip(m, 0, 1),  m the model's score, c = 1 where the rule accepts, else 0.

    λ < 1 keeps every wrong reply below every right one, for any m.  λ ≤ 0.2 is the common choice.
    """

    compares = False

    model: Judge
    weight: float = 0.2
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        reads_only_right("additive", self.inner)
        if not 0 <= self.weight < 1:
            raise UsageError(f"additive.weight is {self.weight}; give one in [0, 1)")

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a weight of 0."""
        del spec
        return zero("additive", weight=self.weight)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        ruled = await context.judge(self.inner, group)
        asked = await context.judge(self.model, group)
        return joined(ruled, asked, self._of)

    def _of(self, rule: Verdict, model: float) -> float:
        return only_right(rule) + self.weight * min(max(model, 0.0), 1.0)

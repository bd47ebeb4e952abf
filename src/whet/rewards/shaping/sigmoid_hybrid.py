"""A rule and a reward model, combined as in Qwen2.5-Math (arXiv:2409.12122, unconfirmed)."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import zero
from whet.rewards.shaping.nesting import Shaper, reads_only_right
from whet.rewards.shaping.rescoring import expit, joined, not_negative, only_right
from whet.types import Group, RunSpec, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SigmoidHybrid(Shaper):
    """R = σ(α m) + (c − 1),  m the model's score, c = 1 where the rule accepts, else 0.

    Right replies lie in [0, 1] and wrong ones in [−1, 0], so no wrong reply outscores a right one.
    α is unconfirmed.
    """

    compares = False

    model: Judge
    alpha: float = 0.5
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        reads_only_right("sigmoid_hybrid", self.inner)
        not_negative("sigmoid_hybrid", alpha=self.alpha)

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a weight of 0."""
        del spec
        return zero("sigmoid_hybrid", alpha=self.alpha)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        ruled = await context.judge(self.inner, group)
        asked = await context.judge(self.model, group)
        return joined(ruled, asked, self._of)

    def _of(self, rule: Verdict, model: float) -> float:
        return expit(self.alpha * model) + only_right(rule) - 1

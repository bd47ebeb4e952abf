"""Separate weights for right and wrong replies (arXiv:2506.01347, unconfirmed)."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import zero
from whet.rewards.shaping.nesting import Shaper, reads_only_right
from whet.rewards.shaping.rescoring import Range, not_negative, only_right, rescore_inner
from whet.types import Group, Rollout, RunSpec, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed(Shaper):
    """w₊ where the reply is right, −w₋ where it is wrong.

    w₋ = 0 learns from right replies only (RAFT), w₊ = 0 from wrong ones only (NSR).  Use it with an
    objective without a baseline (`RewardOnly`); a group's baseline centres the two scores again.
    """

    compares = False

    positive: float = 1.0
    negative: float = 1.0
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        reads_only_right("signed", self.inner)
        not_negative("signed", positive=self.positive, negative=self.negative)

    def run_warning(self, spec: RunSpec) -> str:
        """Warns where right and wrong replies score 0."""
        del spec
        return zero("signed", positive=self.positive, negative=self.negative)

    @property
    def ranges(self) -> tuple[Range, Range]:
        """w₊ for right replies, −w₋ for wrong ones."""
        right, wrong = self.positive, -self.negative
        return Range(low=right, high=right), Range(low=wrong, high=wrong)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        return await rescore_inner(group, self.inner, context, self._of, "sign")

    def _of(self, rollout: Rollout, verdict: Verdict) -> float:
        return self.positive if only_right(verdict) else -self.negative

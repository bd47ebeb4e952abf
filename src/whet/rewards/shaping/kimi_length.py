"""Kimi k1.5's length reward (arXiv:2501.12599)."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import alone, zero
from whet.rewards.shaping.nesting import Shaper, reads_only_right
from whet.rewards.shaping.rescoring import judged, only_right, rescore_group
from whet.types import Group, Rollout, RunSpec, UsageError, Verdict

_MOST = 2  # from here on a long right reply can score less than a wrong one


@dataclass(frozen=True, slots=True, kw_only=True)
class KimiLength(Shaper):
    """1 + w λ  where the reply is right, w min(0, λ) where it is wrong.

    λ = ½ − (L − L_min) / (L_max − L_min) over the group; λ = 0 where all replies are equally long.
    The paper raises w from 0 late in training (unconfirmed).  w < 2 keeps wrong replies below right
    ones, whatever grades the inner reward gives.
    """

    weight: float = 1.0
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        reads_only_right("kimi_length", self.inner)
        if not 0 <= self.weight < _MOST:
            raise UsageError(f"kimi_length.weight is {self.weight}; give one in [0, {_MOST})")

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a weight of 0, and of a reply without others to compare it with."""
        return zero("kimi_length", weight=self.weight) or alone("kimi_length", spec)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await context.judge(self.inner, group)
        lengths = [r.length for r, _ in judged(group, found)]

        def score_of(rollout: Rollout, verdict: Verdict) -> float:
            worth = place(rollout.length, lengths)
            if only_right(verdict):
                return 1 + self.weight * worth
            return self.weight * min(0.0, worth)

        return rescore_group(group, found, score_of, "length")


def place(length: int, lengths: Sequence[int]) -> float:
    """½ for the shortest reply, −½ for the longest, linear between."""
    low, high = min(lengths), max(lengths)
    return 0.5 - (length - low) / (high - low) if high > low else 0.0

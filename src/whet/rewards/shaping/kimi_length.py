"""Kimi k1.5's length reward (arXiv:2501.12599)."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import alone, zero
from whet.rewards.shaping.rescoring import judged, rescore_group, right
from whet.types import Group, Rollout, RunSpec, UsageError, Verdict

_MOST = 2  # from here on a long right reply can score less than a wrong one


@dataclass(frozen=True, slots=True, kw_only=True)
class KimiLength(GroupReward):
    """R + w λ  where the reply is right, R + w min(0, λ) where it is wrong.

    λ = ½ − (L − L_min) / (L_max − L_min) over the group; λ = 0 where all replies are equally long.
    The paper raises w from 0 late in training (unconfirmed).  w < 2 keeps wrong replies below right
    ones.
    """

    weight: float = 1.0
    inner: Judge = Declared()

    def __post_init__(self) -> None:
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
            return verdict.score + self.weight * (worth if right(verdict) else min(0.0, worth))

        return rescore_group(group, found, score_of, "length")


def place(length: int, lengths: Sequence[int]) -> float:
    """½ for the shortest reply, −½ for the longest, linear between."""
    low, high = min(lengths), max(lengths)
    return 0.5 - (length - low) / (high - low) if high > low else 0.0

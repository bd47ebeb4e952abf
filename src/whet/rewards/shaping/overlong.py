"""Soft overlong punishment (DAPO, arXiv:2503.14476)."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping._bend import not_negative, positive, rescore_inner
from whet.types import Group, Rollout, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlong(GroupReward):
    """R − λ clip((|y| − (L_max − C)) / C, 0, 1),  in tokens: `longest` is L_max, `cushion` C.

    Nothing up to L_max − C, −λ from L_max on.  The survey's advice: at short budgets rather leave
    out of the loss who was cut off, which is no reward's business.
    """

    longest: int = 20480
    cushion: int = 4096
    weight: float = 1.0
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        """Refuse sizes that make no sense."""
        positive("overlong", longest=self.longest, cushion=self.cushion)
        not_negative("overlong", weight=self.weight)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Ask the inner judge, and count tokens."""
        return await rescore_inner(group, self.inner, context, self._of, "overlong")

    def _of(self, rollout: Rollout, verdict: Verdict) -> float:
        over = (rollout.length - (self.longest - self.cushion)) / self.cushion
        return verdict.score - self.weight * min(max(over, 0.0), 1.0)

"""GRPO-S (arXiv:2508.04349): a right reply earns more the higher its mean entropy."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.dense.entropies import inverse, shares
from whet.rewards.shaping.nesting import Shaper
from whet.rewards.shaping.rescoring import rescored, right
from whet.rewards.unsupervised.confidence import mean, own
from whet.types import Group, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpoS(Shaper):
    """R_i + α r_i (n Ĥ_i / Σ_k Ĥ_k − 1),  Ĥ the mean entropy of a reply's tokens.

    The sum goes over the n right replies of the group, with r = 1.  Wrong replies have r = −1 and
    share by 1/Ĥ.  It changes the score, because there is one number per reply.  α = ½ is ours.
    Right replies earn at least R − α, wrong ones at most R + α; up to ½ no wrong reply overtakes a
    right one.
    """

    alpha: float = 0.5
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        if not 0 <= self.alpha <= 1:
            raise UsageError(f"grpo_s.alpha is {self.alpha}; give one in [0, 1]")

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = list(await context.judge(self.inner, group))
        for sign in (1, -1):
            mine = [
                i
                for i, v in enumerate(found)
                if v.judged and right(v) == (sign > 0) and group[i].length > group[i].forced_len
            ]
            rows = [[mean(own(group[i], group[i].entropy, "entropy"))] for i in mine]
            for i, [share] in zip(mine, shares(rows if sign > 0 else inverse(rows)), strict=True):
                more = sign * self.alpha * (share - 1)
                found[i] = rescored(found[i], found[i].score + more, entropy_share=more)
        return found

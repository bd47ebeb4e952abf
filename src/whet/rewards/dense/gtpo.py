"""GTPO (arXiv:2508.04349): a right reply earns more at its tokens of high entropy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.dense.entropies import inverse, shares
from whet.rewards.shaping.rescoring import right
from whet.rewards.unsupervised.confidence import own
from whet.types import Group, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Gtpo(GroupReward):
    """r̃_{i,t} = (1 − α) r_i + α r_i d_t H_{i,t} / Σ_k H_{k,t};  the credit is r̃ − r.

    The sum goes over the d_t right replies that are long enough, with r = 1.  Wrong replies have r
    = −1 and share by 1/H: tokens of low entropy pay more.  At every position the mean over replies
    stays r.  A token of a right reply has at least R − α, one of a wrong reply at most R + α.
    α = ½ is ours; a public re-implementation of the paper adds 0.1 d_t H / Σ H to r instead.
    """

    alpha: float = 0.5
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        if not 0 <= self.alpha <= 1:
            raise UsageError(f"gtpo.alpha is {self.alpha}; give one in [0, 1]")

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = list(await context.judge(self.inner, group))
        for sign in (1, -1):
            mine = [i for i, v in enumerate(found) if v.judged and right(v) == (sign > 0)]
            rows = [own(group[i], group[i].entropy, "entropy") for i in mine]
            for i, row in zip(mine, shares(rows if sign > 0 else inverse(rows)), strict=True):
                given = (0.0,) * group[i].forced_len
                credit = (*given, *(sign * self.alpha * (share - 1) for share in row))
                found[i] = replace(found[i], credit=credit)
        return found

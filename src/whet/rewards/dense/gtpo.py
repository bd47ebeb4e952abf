"""GTPO: right replies earn more where they hesitated (arXiv:2508.04349)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.dense._entropies import inverse, shares
from whet.rewards.shaping._bend import right
from whet.rewards.unsupervised._confidence import own
from whet.types import Group, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Gtpo(GroupReward):
    """r̃_{i,t} = (1 − α) r_i + α r_i d_t H_{i,t} / Σ_k H_{k,t};  the credit is r̃ − r.

    Sums go over the d_t right replies that are long enough, with r = 1.  Wrong ones, with r = −1,
    share by 1/H: who was sure of what was wrong pays more.  The mean over replies stays r at every
    place.  α = ½ and the form for wrong replies are unconfirmed.
    """

    alpha: float = 0.5
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        """A share is a share."""
        if not 0 <= self.alpha <= 1:
            raise UsageError(f"gtpo.alpha is {self.alpha}; give one in [0, 1]")

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Check, and share out by entropy."""
        found = list(await context.judge(self.inner, group))
        for sign in (1, -1):
            mine = [i for i, v in enumerate(found) if v.judged and right(v) == (sign > 0)]
            rows = [own(group[i], group[i].entropy, "entropy") for i in mine]
            for i, row in zip(mine, shares(rows if sign > 0 else inverse(rows)), strict=True):
                given = (0.0,) * group[i].forced_len
                credit = (*given, *(sign * self.alpha * (share - 1) for share in row))
                found[i] = replace(found[i], credit=credit)
        return found

"""ALP (arXiv:2506.05256): length costs more where the task is easy."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import zero
from whet.rewards.shaping.nesting import Shaper, reads_only_right
from whet.rewards.shaping.rescoring import (
    judged,
    not_negative,
    only_right,
    positive,
    rescore_group,
    solved,
)
from whet.types import Group, Rollout, RunSpec, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Alp(Shaper):
    """c − β (L / L_max) max(p̂, 1/K),  p̂ the share of right replies among the K judged ones.

    c = 1 where the reply is right, else 0.  L_max is `longest`, the paper's N.  The value of β is
    ours.  Known failure, the paper's, too: a right reply of more than L_max / β tokens can score
    less than an empty wrong one.
    """

    beta: float = 0.05
    longest: int = 4096
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        reads_only_right("alp", self.inner)
        not_negative("alp", beta=self.beta)
        positive("alp", longest=self.longest)

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a weight of 0."""
        del spec
        return zero("alp", beta=self.beta)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await context.judge(self.inner, group)
        rate = max(solved(found), 1 / max(len(judged(group, found)), 1))

        def score_of(rollout: Rollout, verdict: Verdict) -> float:
            return only_right(verdict) - self.beta * rate * rollout.length / self.longest

        return rescore_group(group, found, score_of, "length")

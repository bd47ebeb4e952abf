"""ShorterBetter (arXiv:2504.21370): the shortest right reply sets the length."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import alone, zero
from whet.rewards.shaping.nesting import Shaper, reads_only_right
from whet.rewards.shaping.rescoring import judged, not_negative, only_right, positive, rescore_group
from whet.types import Group, Rollout, RunSpec, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ShorterBetter(Shaper):
    """α c − β |L − SOL|,  SOL the length of the group's shortest right reply.

    Where no reply is right, SOL is the mean length.  c = 1 where the reply is right, else 0.  α and
    β are unconfirmed.  Known failure, the paper's, too: a wrong reply of SOL tokens outscores a
    right one that is more than α/β tokens longer.
    """

    alpha: float = 2.0
    beta: float = 0.001
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        reads_only_right("shorter_better", self.inner)
        positive("shorter_better", alpha=self.alpha)
        not_negative("shorter_better", beta=self.beta)

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a weight of 0, and of a reply without others to compare it with."""
        return zero("shorter_better", beta=self.beta) or alone("shorter_better", spec)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await context.judge(self.inner, group)
        known = judged(group, found)
        winners = [r.length for r, v in known if only_right(v)]
        best = min(winners) if winners else fmean([r.length for r, _ in known] or [0])

        def score_of(rollout: Rollout, verdict: Verdict) -> float:
            return self.alpha * only_right(verdict) - self.beta * abs(rollout.length - best)

        return rescore_group(group, found, score_of, "length")

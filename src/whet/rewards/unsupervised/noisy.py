"""A control: the inner judge is wrong now and then (noisy rewards, arXiv:2505.22653, unconfirmed).

The probability is ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random as Rng

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.types import Group, Rollout, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Noisy(GroupReward):
    """R = 1 − s with probability p, else s,  s the inner judge's score, which must lie in [0, 1].

    Drawn from the rollout's seed and task, so that the same rollout is judged the same again.  With
    s a checker's 0 or 1, E[R] = p + (1 − 2p) s: below ½ the order of right and wrong stays, and at
    ½ nothing can be learned.  `correct`, reason and credit stay the inner judge's; a score out of
    range is a fault.

    Parts: `unshaped`, the score before; `flipped`, 1 where it was turned round.
    """

    probability: float = 0.2
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        """Refuse what is no probability."""
        if not 0 <= self.probability <= 1:
            raise UsageError(f"noisy.probability is {self.probability}; give one between 0 and 1")

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Ask the inner judge, and turn some of its verdicts round."""
        found = await context.judge(self.inner, group)
        return [self._of(r, v) if v.judged else v for r, v in zip(group, found, strict=True)]

    def _of(self, rollout: Rollout, verdict: Verdict) -> Verdict:
        if not 0 <= verdict.score <= 1:
            return Verdict.unjudged(f"the inner judge scored {verdict.score}, outside [0, 1]")
        rng = Rng(f"noisy/{rollout.task.id}/{rollout.seed}")
        flipped = rng.random() < self.probability
        score = 1 - verdict.score if flipped else verdict.score
        parts = {"unshaped": verdict.score, **verdict.parts, "flipped": float(flipped)}
        return replace(verdict, score=score, parts=parts)

"""A control: the inner reward is inverted at random (arXiv:2505.22653, unconfirmed).

The default probability is ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random as Rng

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.nesting import UNIT, Shaper, in_unit
from whet.rewards.shaping.rescoring import Range
from whet.types import Group, Rollout, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Noisy(Shaper):
    """R = 1 − s with probability p, else s,  s the inner reward's score, which must lie in [0, 1].

    The draw depends on the rollout's seed and task, so the same rollout gets the same score again.
    For s in {0, 1}, E[R] = p + (1 − 2p) s: below ½ the order of right and wrong stays, and at ½
    there is nothing to learn.  `correct`, reason and credit are the inner reward's.  A score
    outside [0, 1] is a fault.

    Parts: `unshaped`, the score before; `flipped`, 1 where it was inverted.
    """

    compares = False

    probability: float = 0.2
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise UsageError(f"noisy.probability is {self.probability}; give one between 0 and 1")
        in_unit("noisy", "inner", self.inner)

    @property
    def ranges(self) -> tuple[Range, Range]:
        """[0, 1] for right and wrong replies, since both may be inverted."""
        return UNIT, UNIT

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await context.judge(self.inner, group)
        return [self._of(r, v) if v.judged else v for r, v in zip(group, found, strict=True)]

    def _of(self, rollout: Rollout, verdict: Verdict) -> Verdict:
        if not 0 <= verdict.score <= 1:
            return Verdict.unjudged(f"the inner reward scored {verdict.score}, outside [0, 1]")
        rng = Rng(f"noisy/{rollout.task.id}/{rollout.seed}")
        flipped = rng.random() < self.probability
        score = 1 - verdict.score if flipped else verdict.score
        parts = {"unshaped": verdict.score, **verdict.parts, "flipped": float(flipped)}
        return replace(verdict, score=score, parts=parts)

"""A bonus for answers that few replies of the group give (arXiv:2509.06941, unconfirmed)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import alone, zero
from whet.rewards.shaping.nesting import Shaper, ranges_of
from whet.rewards.shaping.rescoring import Range, judged, rescore_group, right
from whet.rewards.unsupervised import Announced, Extractor
from whet.types import Group, Rollout, RunSpec, UsageError, Verdict

_MOST = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Diversity(Shaper):
    """R + b / √N(a_i)  where the reply is right;  N is the number of replies with its answer.

    Replies without a verdict don't count.  An answer is what the inner reward compared, or else
    what `reader` reads.  b is the largest bonus, at most 0.1, so that rarity alone does not pay.  N
    counts within the group; the paper also counts over all earlier replies.
    """

    bonus: float = 0.1
    reader: Extractor = Announced()
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        if not 0 <= self.bonus <= _MOST:
            raise UsageError(f"diversity.bonus is {self.bonus}; give one in [0, {_MOST}]")

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a weight of 0, and of a reply without others to compare it with."""
        return zero("diversity", bonus=self.bonus) or alone("diversity", spec)

    @property
    def ranges(self) -> tuple[Range, Range] | None:
        """Those of the inner reward, with b more where the reply is right."""
        known = ranges_of(self.inner)
        if known is None:
            return None
        right, wrong = known
        return Range(low=right.low, high=right.high + self.bonus), wrong

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await context.judge(self.inner, group)
        answers = [self._answer(r, v) for r, v in judged(group, found)]

        def score_of(rollout: Rollout, verdict: Verdict) -> float:
            answer = self._answer(rollout, verdict)
            rare = self.bonus / sqrt(answers.count(answer)) if answer is not None else 0.0
            return verdict.score + right(verdict) * rare

        return rescore_group(group, found, score_of, "diversity")

    def _answer(self, rollout: Rollout, verdict: Verdict) -> str | None:
        return self.reader(rollout) if verdict.answer is None else verdict.answer

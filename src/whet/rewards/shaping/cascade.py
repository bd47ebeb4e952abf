"""A cheap rule first, and a model for the replies that the rule rejects."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.nesting import reads_only_right
from whet.rewards.shaping.rescoring import WITH_ANSWER, only_right, reaches
from whet.types import Group, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade(GroupReward):
    """R = 1 where the rule accepts; else 1 where the model's score is at least τ, else 0.

    A reply that the model accepts counts as correct.  The cost is one model call per rejection.  A
    reply without an answer, or a truncated one, is not shown to the model.  m = τ but for rounding
    is enough.
    """

    compares = False

    model: Judge
    threshold: float = 0.8
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        reads_only_right("cascade", self.inner)
        if not 0 < self.threshold <= 1:
            raise UsageError(f"cascade.threshold is {self.threshold}; give one in (0, 1]")

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        ruled = await context.judge(self.inner, group)
        doubted = [r for r, v in zip(group, ruled, strict=True) if _doubted(v)]
        again = group.having(doubted)
        asked = iter(await context.judge(self.model, again) if doubted else ())
        return [self._of(v, next(asked)) if _doubted(v) else _ruled(v) for v in ruled]

    def _of(self, rule: Verdict, model: Verdict) -> Verdict:
        if not model.judged:
            return model
        found = Verdict.binary(correct=reaches(model.score, self.threshold), note=rule.note)
        cost = rule.cost_ms + model.cost_ms
        return replace(found, parts={"rule": rule.score, "model": model.score}, cost_ms=cost)


def _doubted(rule: Verdict) -> bool:
    return rule.judged and not only_right(rule) and rule.reason in WITH_ANSWER


def _ruled(rule: Verdict) -> Verdict:
    return replace(rule, score=float(only_right(rule))) if rule.judged else rule

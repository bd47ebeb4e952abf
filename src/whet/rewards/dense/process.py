"""Process rewards from the step checker of a family of tasks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from whet.protocols import Family, GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.dense.placing import AtEnd, ValuePlacement, tokens_of
from whet.rewards.dense.weighing import MinForm, StepTransform
from whet.types import Group, Rollout, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Process(GroupReward):
    """r_k = w · (`right` where step k follows, else `wrong`), at the step's last token.

    `form` weighs the steps against each other.  With the default, PURE's min-form, they add up to
    at most w · `right`, so that a right answer earns more than any steps without one.  With `Each`
    every step is paid in full, and many steps can earn more than an answer.  `place` puts the
    rewards at other tokens.  The score is the inner reward's.  Part `steps` is the share of steps
    that follow.
    """

    compares = False

    family: Family
    right: float = 1.0
    wrong: float = -1.0
    weight: float = 0.2
    form: StepTransform = MinForm()
    place: ValuePlacement = AtEnd()
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        if not self.right > self.wrong:
            raise UsageError(
                f"process.right is {self.right} and wrong {self.wrong}; give right > wrong"
            )

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await context.judge(self.inner, group)
        return [self._of(r, v) if v.judged else v for r, v in zip(group, found, strict=True)]

    def _of(self, rollout: Rollout, verdict: Verdict) -> Verdict:
        steps = self.family.steps(rollout.task, rollout.reply)
        earned = self.form([self.right if step.correct else self.wrong for step in steps])
        spans = [tokens_of(rollout, step.start, step.end) for step in steps]
        credit = self.place([self.weight * x for x in earned], spans, rollout.length)
        parts = {"steps": fmean(step.correct for step in steps)} if steps else {}
        return replace(verdict, credit=credit, parts={**verdict.parts, **parts})

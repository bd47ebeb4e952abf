"""Process rewards from a trained model of steps (PRM, arXiv:2305.20050)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from inspect import isawaitable

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.dense.cutting import Cuts, Separated, spans
from whet.rewards.dense.placing import AtEnd, ValuePlacement, last_reply
from whet.rewards.dense.step_models import StepModel
from whet.rewards.dense.weighing import MinForm, StepTransform
from whet.types import Group, Rollout, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessModel(GroupReward):
    """r_k = w (low + (high − low) p_k),  p_k the model's probability at the last token of step k.

    With low = −1 and high = 1 this is p_good − p_bad.  The default form is PURE's min-form, because
    a plain sum grows with the number of steps.  The score is the inner reward's.  Parts: the least,
    the mean and the last p_k.  A model output that is not a probability is a fault.
    """

    compares = False

    model: StepModel
    low: float = -1.0
    high: float = 1.0
    weight: float = 0.2
    cuts: Cuts = Separated()
    form: StepTransform = MinForm()
    place: ValuePlacement = AtEnd()
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        if not self.high > self.low:
            raise UsageError(
                f"process_model.high is {self.high} and low {self.low}; give high > low"
            )

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await context.judge(self.inner, group)
        said = self.model.scores(group.rollouts)
        rows = await said if isawaitable(said) else said
        return [self._of(*of) for of in zip(group, found, rows, strict=True)]

    def _of(self, rollout: Rollout, verdict: Verdict, row: Sequence[float]) -> Verdict:
        if not verdict.judged:
            return verdict
        if len(row) != rollout.length or not all(0 <= p <= 1 for p in row):
            return Verdict.unjudged("the step model gave no probability for every token")
        whole = last_reply(rollout)
        steps = [s for s in spans(self.cuts(rollout), whole) if s.stop > s.start]
        good = [row[step.stop - 1] for step in steps]
        earned = self.form([self.low + (self.high - self.low) * p for p in good])
        credit = self.place([self.weight * x for x in earned], steps, rollout.length)
        parts = _summary(good) if good else {}
        return replace(verdict, credit=credit, parts={**verdict.parts, **parts})


def _summary(good: Sequence[float]) -> dict[str, float]:
    mean = sum(good) / len(good)
    return {"least_step": min(good), "mean_step": mean, "last_step": good[-1]}

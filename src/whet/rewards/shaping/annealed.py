"""A second reward whose weight changes during training."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import zero
from whet.rewards.shaping.nesting import Shaper
from whet.rewards.shaping.rescoring import joined, rescored
from whet.rewards.shaping.schedules import Ramp
from whet.rewards.verifiable.format import Format
from whet.types import Group, RunSpec, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Annealed(Shaper):
    """R + w(step) s,  s the score of the `extra` reward.

    A format is learned within the first steps and its reward is constant afterwards, so by default
    its weight falls from 0.2 to 0 (both numbers are ours).  Evaluations use the weight of step 0.
    At weight 0 the extra reward isn't asked, so its faults count for nothing.  Where R is 1 or 0,
    w < 1 and s in [0, 1] keep wrong replies below right ones; a graded wrong reply within w of a
    right one can outscore it.
    """

    compares = False

    extra: Judge = Format()
    weight: Ramp = Ramp()
    inner: Judge = Declared()

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a weight that stays 0, or has not arrived when the run ends."""
        name, ramp = "annealed.weight", self.weight
        if not ramp.start and not ramp.end:
            return zero("annealed", weight=0.0)
        if ramp.start != ramp.end and ramp.steps > max(spec.steps, 1):
            last = ramp.at(spec.steps)
            return (
                f"{name}.steps is {ramp.steps}, but the run has {spec.steps} steps, so the weight "
                f"ends at {last:.3g} and not at {ramp.end:g}; give {spec.steps} or less"
            )
        return ""

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await context.judge(self.inner, group)
        weight = self.weight.at(context.step)
        if not weight:
            return [rescored(v, v.score, rule=v.score) if v.judged else v for v in found]
        more = await context.judge(self.extra, group)
        return joined(found, more, partial(_plus, weight))


def _plus(weight: float, verdict: Verdict, extra: float) -> float:
    return verdict.score + weight * extra

"""A component that fades in or out as training goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.rescoring import joined
from whet.rewards.shaping.schedules import Ramp
from whet.rewards.verifiable.format import Format
from whet.types import Group, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Annealed(GroupReward):
    """R + w(step) s,  s the score of the `extra` judge.

    Format is learned within the first steps and tells nothing afterwards, so by default its weight
    falls from .2 to 0 (numbers are ours).  Evaluations judge as step 0 does, and count what is
    right.
    """

    extra: Judge = Format()
    weight: Ramp = Ramp()
    inner: Judge = Declared()

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Ask both."""
        found = await context.judge(self.inner, group)
        more = await context.judge(self.extra, group)
        return joined(found, more, partial(_plus, self.weight.at(context.step)))


def _plus(weight: float, verdict: Verdict, extra: float) -> float:
    return verdict.score + weight * extra

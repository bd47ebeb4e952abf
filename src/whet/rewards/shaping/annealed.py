"""A component that fades in or out as training goes on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from whet.protocols import Judge, Play
from whet.rewards.declared import Declared
from whet.rewards.judging import verdicts
from whet.rewards.shaping._bend import joined
from whet.rewards.shaping._schedule import Ramp
from whet.rewards.verifiable.format import Format
from whet.types import Group, Refusal, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Annealed:
    """R + w(step) s,  s the score of the `extra` judge.

    Format is learned within the first steps and tells nothing afterwards, so by default its weight
    falls from .2 to 0 (numbers are ours).  A judge doesn't know the step: a run judges each step
    with `at(step)`, wherever in the run's reward this is; exams judge with step 0, and count who is
    right.
    """

    extra: Judge = Format()
    weight: Ramp = Ramp()
    step: int = 0
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        """Time begins at 0."""
        if self.step < 0:
            raise Refusal(f"annealed.step is {self.step}; give 0 or more")

    def at(self, step: int) -> "Annealed":
        """The same judge, at a step of training."""
        return replace(self, step=step)

    async def probe(self, group: Group, play: Play) -> Sequence[Verdict]:
        """Ask both."""
        found = await verdicts(group, self.inner, play)
        more = await verdicts(group, self.extra, play)
        return joined(found, more, partial(_plus, self.weight.at(self.step)))


def _plus(weight: float, verdict: Verdict, extra: float) -> float:
    return verdict.score + weight * extra

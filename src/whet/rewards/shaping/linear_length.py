"""A length penalty relative to the group's longest reply, larger for easier tasks."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import alone, zero
from whet.rewards.shaping.nesting import NONE, Shaper, reads_only_right
from whet.rewards.shaping.rescoring import Range, judged, only_right, rescore_group, solved
from whet.types import Group, Rollout, RunSpec, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearLength(Shaper):
    """1 − w p̂ L / max_j(L_j)  where the reply is right, 0 where it is wrong.

    It follows prime-rl's group length penalty; the details are unconfirmed.  That wrong replies pay
    nothing is ours: a penalty on them teaches the policy to be wrong briefly.  w < 1 keeps them
    below right ones.
    """

    weight: float = 0.1
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        reads_only_right("linear_length", self.inner)
        if not 0 <= self.weight < 1:
            raise UsageError(f"linear_length.weight is {self.weight}; give one in [0, 1)")

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a weight of 0, and of a reply without others to compare it with."""
        return zero("linear_length", weight=self.weight) or alone("linear_length", spec)

    @property
    def ranges(self) -> tuple[Range, Range]:
        """[1 − w, 1], and 0."""
        return Range(low=1 - self.weight, high=1.0), NONE

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await context.judge(self.inner, group)
        rate = self.weight * solved(found)
        longest = max([r.length for r, _ in judged(group, found)] + [1])

        def score_of(rollout: Rollout, verdict: Verdict) -> float:
            return only_right(verdict) * (1 - rate * rollout.length / longest)

        return rescore_group(group, found, score_of, "length")

"""LASER-D (arXiv:2505.15612): a target length for each difficulty."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.buckets import check, target
from whet.rewards.shaping.idle import out_of_reach, zero
from whet.rewards.shaping.nesting import NONE, Shaper, reads_only_right
from whet.rewards.shaping.rescoring import Range, not_negative, only_right, rescore_group, solved
from whet.types import Group, Rollout, RunSpec, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class LaserD(Shaper):
    """c + α c 1[|y| ≤ L_T],  c = 1 where the reply is right, else 0.

    L_T is the target of the bucket that p̂, the group's share of right replies, falls into:
    `targets` for hard, medium and easy tasks, with the limits `bounds`.  The paper estimates the
    targets anew during training; here they are constant, and the extension `LengthTargets`
    estimates them.  The targets are ours; α and the bounds are those of the
    release, where a wrong reply's base is −½ and not 0.
    """

    targets: tuple[int, ...] = (4096, 2048, 1024)
    bounds: tuple[float, ...] = (1 / 3, 2 / 3)
    alpha: float = 0.5
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        reads_only_right("laser_d", self.inner)
        check("laser_d", self.targets, self.bounds)
        not_negative("laser_d", alpha=self.alpha)

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of targets that every reply meets."""
        if min(self.targets) >= spec.max_new_tokens:
            effect = "every reply is within them"
            return out_of_reach("laser_d", "targets", self.targets, spec, effect)
        return zero("laser_d", alpha=self.alpha)

    @property
    def ranges(self) -> tuple[Range, Range]:
        """[1, 1 + α], and 0."""
        return Range(low=1.0, high=1 + self.alpha), NONE

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await context.judge(self.inner, group)
        most = target(solved(found), self.targets, self.bounds)

        def score_of(rollout: Rollout, verdict: Verdict) -> float:
            within = rollout.length <= most
            return only_right(verdict) * (1 + self.alpha * within)

        return rescore_group(group, found, score_of, "length")

"""LASER-DE (arXiv:2505.15612): right replies should be short, wrong ones may be long."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.buckets import check, target
from whet.rewards.shaping.idle import out_of_reach, zero
from whet.rewards.shaping.nesting import Shaper, reads_only_right
from whet.rewards.shaping.rescoring import (
    WITH_ANSWER,
    not_negative,
    only_right,
    rescore_group,
    solved,
)
from whet.types import Finish, Group, Rollout, RunSpec, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class LaserDe(Shaper):
    """c + α 1[|y| ≤ L_T] where the reply is right, α 1[|y| > L_T] where it ends in a wrong answer.

    A reply without an answer, or one that something else than itself ended, is paid nothing: else
    the policy would earn α for never ending.

    L_T is the target of the bucket that p̂, the group's share of right replies, falls into:
    `targets` for hard, medium and easy tasks, with the limits `bounds`.  The paper estimates the
    targets anew during training; here they are constant.  The targets are ours; α and the bounds
    are those of the release.  The release's base of a wrong answer is −½, and it pays no wrong
    reply that repeats itself; here that is left to `repetition_penalty`.
    """

    targets: tuple[int, ...] = (4096, 2048, 1024)
    bounds: tuple[float, ...] = (1 / 3, 2 / 3)
    alpha: float = 0.5
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        reads_only_right("laser_de", self.inner)
        check("laser_de", self.targets, self.bounds)
        not_negative("laser_de", alpha=self.alpha)
        if self.alpha >= 1:
            raise UsageError(
                f"laser_de.alpha is {self.alpha}; give less than 1, or wrong pays as well"
            )

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of targets that every reply meets."""
        if min(self.targets) >= spec.max_new_tokens:
            effect = "every reply is within them"
            return out_of_reach("laser_de", "targets", self.targets, spec, effect)
        return zero("laser_de", alpha=self.alpha)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await context.judge(self.inner, group)
        most = target(solved(found), self.targets, self.bounds)

        def score_of(rollout: Rollout, verdict: Verdict) -> float:
            within = rollout.length <= most
            if only_right(verdict):
                return 1 + self.alpha * within
            answered = rollout.finish is Finish.STOP and verdict.reason in WITH_ANSWER
            return self.alpha * (answered and not within)

        return rescore_group(group, found, score_of, "length")

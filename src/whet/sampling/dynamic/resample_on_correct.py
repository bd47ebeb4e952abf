"""GRPO-RoC: more rollouts than are learned from, of which the cleanest right ones stay."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupSize, GroupSizer, Now, SamplingSetup, SizeDecision
from whet.sampling.decisions import known_metrics, sampled
from whet.sampling.dynamic.reply_penalties import AnswerTags, ReplyPenalty, ToolErrors
from whet.types import Group, Rollout, Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class ResampleOnCorrect(GroupSize):
    """`rollouts` per task, of which `keep` are the group: right ones by quality, wrong ones evenly.

        wrong kept = round(W · keep / (R + W)),  right kept = keep − wrong kept

    R and W are the numbers of right and wrong rollouts; a rollout is right if its task metric is
    above `threshold`. The right ones with the least sum of `penalties` are kept. Of the wrong ones
    the first are kept, which is a uniform choice, because rollouts of a task are alike before they
    are sampled. At least `least` of each kind are kept where there are so many. The others are in
    neither loss nor baseline. Faults are not kept.

    Source: rStar2-Agent (arXiv:2508.20722; released code read): 32 rollouts, of which 16 are kept,
    2 of each kind at least, penalties for failed tool calls and for repeated answer tags. The paper
    samples by the penalty; the code, and this part, takes the least.

    Cost: `rollouts` / keep times the rollouts that are learned from, in one round.

    Failure mode: the penalty is a second reward that no log of rewards shows, and it may be met
    without better reasoning. Single-turn rollouts have no tool calls, so `ToolErrors` ranks none.
    """

    rollouts: int = 32
    keep: int = 16
    least: int = 2  # of right and of wrong rollouts
    threshold: float = 0.0
    penalties: tuple[ReplyPenalty, ...] = (ToolErrors(), AnswerTags())

    def __post_init__(self) -> None:
        if self.keep < 1:
            raise UsageError(f"sampling.size.keep is {self.keep}; give 1 or more")
        if self.rollouts < self.keep:
            raise UsageError(
                f"sampling.size.rollouts is {self.rollouts}; give sampling.size.keep, {self.keep}, "
                "or more"
            )
        if not 0 <= 2 * self.least <= self.keep:
            raise UsageError(
                f"sampling.size.least is {self.least}; give 0 to {self.keep // 2}, half of keep"
            )
        if not 0 <= self.threshold < 1:
            raise UsageError(
                f"sampling.size.threshold is {self.threshold}; give 0 or more, and less than 1"
            )

    @property
    def decides(self) -> bool:
        return True

    def most_plays(self, tasks: int) -> int:
        return tasks * self.rollouts

    def open(self, setup: SamplingSetup) -> "ResampleOnCorrectSizer":
        del setup
        return ResampleOnCorrectSizer(self)

    def wrong_kept(self, right: int, wrong: int) -> int:
        """The number of wrong rollouts among `keep`, of more than that."""
        share = round(wrong * self.keep / (right + wrong))
        low = max(min(self.least, wrong), self.keep - right)
        high = min(wrong, self.keep - min(self.least, right))
        return min(max(share, low), high)


@dataclass(frozen=True, slots=True)
class ResampleOnCorrectSizer(GroupSizer):
    """It has no state."""

    settings: ResampleOnCorrect

    def first(self, tasks: Sequence[Task], now: Now) -> list[int]:
        del now
        return [self.settings.rollouts] * len(tasks)

    def after(self, group: Group) -> SizeDecision:
        """The kept rollouts, and demonstrations."""
        own, metrics = self.settings, known_metrics(group, "size")
        known = [(i, metric) for i, metric in enumerate(metrics) if metric is not None]
        right = [i for i, metric in known if metric > own.threshold]
        wrong = [i for i, metric in known if metric <= own.threshold]
        if len(known) > own.keep:
            wrong = wrong[: own.wrong_kept(len(right), len(wrong))]
            right.sort(key=lambda i: self._penalty(group[i]))
        chosen = {*wrong, *right[: own.keep - len(wrong)]}
        keep = (i in chosen or not sampled(rollout) for i, rollout in enumerate(group))
        return SizeDecision(keep=tuple(keep))

    def _penalty(self, rollout: Rollout) -> float:
        return sum(penalty(rollout) for penalty in self.settings.penalties)

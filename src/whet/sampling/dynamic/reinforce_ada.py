"""Adaptive sampling in rounds, with a baseline from all draws (Reinforce-Ada)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from whet.protocols import GroupSize, GroupSizer, Now, SamplingSetup, SizeDecision
from whet.sampling.decisions import known_metrics, sampled
from whet.sampling.dynamic.exit_rules import ExitOnBalance, ExitRule
from whet.types import Group, Mean, Metrics, RunSpec, Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class ReinforceAda(GroupSize):
    """Rounds of `draws` rollouts per task until `exit_rule` is met, or up to `cap` rollouts.

    Then `keep` of them are learned from, as many right as wrong ones where there are enough, the
    first ones of each. All draws are in the baseline and in the standard deviation:

        Â_i = (r_i − mean of all draws) / std of all draws     for kept i

    A rollout is right if its task metric is above `threshold`; of `correct` that is 1. With 2 right
    of 16 draws, 2 right and 2 wrong ones are kept, and their baseline is 0.125, not 0.5.

    Source: Reinforce-Ada (arXiv:2510.04996; README and released code read). There a task has 4
    rounds of 8 draws, 4 rollouts are kept, and the threshold is 0.7. Its script divides by no
    standard deviation (`dr_grpo`).

    Cost: draws for hard tasks up to `cap`, of which only `keep` are learned from, and `cap` / draws
    rounds, the last of which run with few sequences.

    Failure mode: without the baseline of all draws (a baseline within the kept ones), rare
    successes have twice their weight. Kept rollouts are half right whatever p is, so the length and
    the entropy of what is learned from are not those of the policy.
    """

    draws: int = 8  # rollouts per task and round
    keep: int = 4  # rollouts per task that are learned from
    cap: int = 32  # most rollouts per task
    threshold: float = 0.7
    exit_rule: ExitRule = ExitOnBalance()

    def __post_init__(self) -> None:
        for name, value, least in (("draws", self.draws, 1), ("keep", self.keep, 2)):
            if value < least:
                raise UsageError(f"sampling.size.{name} is {value}; give {least} or more")
        if self.cap < self.draws:
            raise UsageError(
                f"sampling.size.cap is {self.cap}; give sampling.size.draws, {self.draws}, or more"
            )
        if self.keep > self.cap:
            raise UsageError(
                f"sampling.size.keep is {self.keep}; give sampling.size.cap, {self.cap}, or less"
            )
        if not 0 <= self.threshold < 1:
            raise UsageError(
                f"sampling.size.threshold is {self.threshold}; give 0 or more, and less than 1"
            )

    def run_warning(self, spec: RunSpec) -> str:
        """Warns where one round is all."""
        del spec
        if self.rounds:
            return ""
        return (
            f"sampling.size.cap is {self.cap}, which the first round of {self.draws} draws "
            "reaches, so no task gets another round; give more"
        )

    @property
    def rounds(self) -> int:
        return ceil(self.cap / self.draws) - 1

    @property
    def decides(self) -> bool:
        return True

    def most_plays(self, tasks: int) -> int:
        return tasks * self.cap

    def open(self, setup: SamplingSetup) -> "ReinforceAdaSizer":
        del setup
        return ReinforceAdaSizer(self)


@dataclass(slots=True)
class ReinforceAdaSizer(GroupSizer):
    """It has no state between two steps."""

    settings: ReinforceAda
    drawn: int = 0  # of complete tasks
    complete: int = 0
    exited: int = 0

    def first(self, tasks: Sequence[Task], now: Now) -> list[int]:
        del now
        return [self.settings.draws] * len(tasks)

    def after(self, group: Group) -> SizeDecision:
        """Another round, or the kept rollouts."""
        own, metrics = self.settings, known_metrics(group, "size")
        good = [None if metric is None else metric > own.threshold for metric in metrics]
        drawn = sum(sampled(rollout) for rollout in group)
        met = own.exit_rule.met(good.count(True), good.count(False), own.keep)
        if not met and drawn < own.cap:
            return SizeDecision(more=min(own.draws, own.cap - drawn))
        self.drawn += drawn
        self.complete += 1
        self.exited += met
        chosen = balanced(good, own.keep)
        learn = (i in chosen or not sampled(rollout) for i, rollout in enumerate(group))
        return SizeDecision(learn=tuple(learn))

    def step_ended(self, now: Now) -> Metrics:
        del now
        found = {
            "draws": Mean(total=self.drawn, count=self.complete),
            "exited": Mean(total=self.exited, count=self.complete),
        }
        self.drawn = self.complete = self.exited = 0
        return found


def balanced(good: Sequence[bool | None], keep: int) -> frozenset[int]:
    """Indices of `keep` known rollouts, or of all: half right, half wrong, as far as possible."""
    right = [i for i, known in enumerate(good) if known is True]
    wrong = [i for i, known in enumerate(good) if known is False]
    half = min(keep // 2, len(right))
    others = min(keep - half, len(wrong))
    return frozenset([*right[: keep - others], *wrong[:others]])

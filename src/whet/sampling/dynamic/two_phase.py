"""Two-phase sampling: a few pilots per task, and further rollouts for tasks that qualify."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from whet.protocols import GroupSize, GroupSizer, Now, SamplingSetup, SizeDecision
from whet.sampling.decisions import known_metrics, sampled
from whet.sampling.dynamic.pilots import PilotUse, TrainPilots
from whet.types import Group, Mean, Metrics, Task, UsageError, spread


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoPhase(GroupSize):
    """`pilots` rollouts screen a task, and tasks that qualify get `further` more.

        low ≤ p̂ ≤ high  and  the pilots differ,   p̂ the mean task metric of the pilots

    With low = 0 and high = 1 that is 0 < p̂ < 1. A task without a judged pilot does not qualify. A
    task that does not qualify is rejected, and replaced as `sampling.gate` replaces what it
    rejects: give that gate `max_rounds` and `oversample`. Further rollouts of one task and pilots
    of others are played in the same round.

    Source: SPEED-RL (arXiv:2506.09016; abstract and released code read, of which its authors
    withdrew the paper in March 2026). 4 + 20 are those of its 7B script. Another two-phase design
    is pilots = 16, further = 48, low = 0.125, high = 0.75 (secondary source).

    Cost: pilots / q + further rollouts per group, where q is the share of tasks that qualify, and
    one more round of sampling, which runs with fewer sequences. With tasks of p ∈ {0.01, 0.5, 0.99}
    in equal parts, 4 + 12 rollouts cost 24.6 per group of mixed results, against 37.0 with groups
    of 16 that are filtered afterwards. Pilots of tasks that still wait when the step is full are
    lost (`unfinished`).

    Failure mode: pilots that qualified are no fair sample of the policy, see `TrainPilots` and
    `DropPilots`. Few pilots of a hard task agree by chance, so hard tasks are rarely seen.
    """

    drops: ClassVar[bool] = True

    pilots: int = 4
    further: int = 20
    low: float = 0.0  # least p̂ that qualifies
    high: float = 1.0  # largest p̂ that qualifies
    pilot_use: PilotUse = TrainPilots()

    def __post_init__(self) -> None:
        for name, least in (("pilots", 2), ("further", 1)):
            if (value := getattr(self, name)) < least:
                raise UsageError(f"sampling.size.{name} is {value}; give {least} or more")
        if not 0 <= self.low <= 1:
            raise UsageError(f"sampling.size.low is {self.low}; give 0 to 1")
        if not self.low <= self.high <= 1:
            raise UsageError(f"sampling.size.high is {self.high}; give low, {self.low}, to 1")

    @property
    def rounds(self) -> int:
        return 1

    def most_plays(self, tasks: int) -> int:
        return tasks * (self.pilots + self.further)

    def open(self, setup: SamplingSetup) -> "TwoPhaseSizer":
        del setup
        return TwoPhaseSizer(self)

    def qualifies(self, metrics: Sequence[float]) -> bool:
        """Whether pilots with these task metrics qualify their task."""
        if not metrics or not spread(metrics):
            return False
        return self.low <= sum(metrics) / len(metrics) <= self.high


@dataclass(slots=True)
class TwoPhaseSizer(GroupSizer):
    """It has no state between two steps."""

    settings: TwoPhase
    piloted: dict[str, int] = field(default_factory=dict)  # rollouts of a first round, by an id
    screened: int = 0

    def first(self, tasks: Sequence[Task], now: Now) -> list[int]:
        del now
        return [self.settings.pilots] * len(tasks)

    def after(self, group: Group) -> SizeDecision:
        """Screen the pilots; a group with further rollouts is complete."""
        name = group[0].id if len(group) else ""
        if name in self.piloted:
            size = self.piloted[name]
            pilots = [i < size and sampled(rollout) for i, rollout in enumerate(group)]
            return SizeDecision(keep=self.settings.pilot_use.kept(pilots))
        self.screened += 1
        known = [metric for metric in known_metrics(group, "size") if metric is not None]
        if not self.settings.qualifies(known):
            return SizeDecision(drop=True)
        self.piloted[name] = len(group)
        return SizeDecision(more=self.settings.further)

    def step_ended(self, now: Now) -> Metrics:
        del now
        found = {"qualified": Mean(total=len(self.piloted), count=self.screened)}
        self.piloted, self.screened = {}, 0
        return found

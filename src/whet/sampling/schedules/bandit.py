"""Bandit: categories of tasks compete for the next steps by what the last ones were worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from whet.protocols import Now, PromptOrder, PromptSource, SamplingSetup
from whet.sampling.outcomes import metrics_of
from whet.sampling.schedules.bandit_rules import Arm, ArmRule, BoltzmannArmRule
from whet.sampling.schedules.gains_of_arms import AdvantageArmGain, ArmGain
from whet.sampling.schedules.streams_of_levels import LevelStreams, level_of
from whet.types import Group, Mean, Metrics, Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Bandit(PromptOrder):
    """Every category `task.info[key]` is an arm of a bandit; a pull is a task of that category.

    `rule` says which arms are pulled: boltzmann, exp3 or discounted_ucb. `gain` says what a visit
    was worth: advantage, or accuracy. The rule learns after every step. Rollouts with a hint don't
    count, and neither does a visit without a known task metric.

    Source: SEC (arXiv:2505.14970, its abstract and summaries) for categories as arms, the mean |Â|
    as gain and the Boltzmann rule; EXP3 and discounted UCB are from memory, with γ = 0.1 and
    λ = 0.98 as usual. It costs no tokens. The gain of a category is known only while it is visited,
    so a rule without enough exploration starves one that has become learnable; and with several
    dozens of categories a step has too few visits of each.
    """

    per_step: int = 32  # groups per step
    rule: ArmRule = BoltzmannArmRule()
    gain: ArmGain = AdvantageArmGain()
    key: str = "level"  # in task.info
    levels: tuple[str, ...] = ()  # the arms; (): all, if they are numbers

    def __post_init__(self) -> None:
        if self.per_step < 1:
            raise UsageError(f"sampling.prompts.per_step is {self.per_step}; give 1 or more")

    def open(self, setup: SamplingSetup) -> "LiveBandit":
        streams = LevelStreams.of(setup, self.per_step, self.key, self.levels)
        return LiveBandit(self, setup.seed, streams, [Arm()] * len(streams.levels))


@dataclass(slots=True)
class LiveBandit(PromptSource):
    """The state is the arms, the last mean of every category, and the position of each."""

    settings: Bandit
    seed: int
    streams: LevelStreams
    arms: list[Arm]
    drawn: int = 0
    before: dict[str, float] = field(default_factory=dict)  # mean metric of the last step
    visits: dict[str, list[list[float]]] = field(default_factory=dict)  # of this step

    def next(self, count: int, now: Now) -> list[Task]:
        """Tasks of the arms that the rule chooses."""
        del now
        rng = Random(repr(("bandit", self.seed, self.drawn)))
        self.drawn += count
        chosen = self.settings.rule.chosen(self.arms, count, rng)
        return [self.streams.take(self.streams.levels[arm]) for arm in chosen]

    def visited(self, task: Task, groups: Sequence[Group]) -> None:
        if metrics := metrics_of(groups):
            self.visits.setdefault(level_of(task, self.settings.key), []).append(metrics)

    def step_ended(self, now: Now) -> Metrics:
        """Learn from the visits of the step. Returns the mean gain, and each arm's visits."""
        del now
        gains = [self._gains(level) for level in self.streams.levels]
        self.arms = self.settings.rule.learned(self.arms, gains)
        for level, visits in self.visits.items():
            metrics = [metric for visit in visits for metric in visit]
            self.before[level] = sum(metrics) / len(metrics)
        self.visits = {}
        count = sum(map(len, gains))
        found = {"bandit_gain": Mean(total=sum(map(sum, gains)), count=count)}
        shares = zip(self.streams.levels, gains, strict=True)
        return found | {f"arm_{lv}": Mean(total=len(own), count=count) for lv, own in shares}

    def _gains(self, level: str) -> list[float]:
        visits = self.visits.get(level)
        return self.settings.gain.of(visits, self.before.get(level)) if visits else []

    def state_dict(self) -> dict[str, Any]:
        return {
            "drawn": self.drawn,
            "arms": {
                level: [arm.value, arm.pulls]
                for level, arm in zip(self.streams.levels, self.arms, strict=True)
            },
            "before": dict(self.before),
            "streams": self.streams.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.drawn = state["drawn"]
        self.before = dict(state["before"])
        known = {level: Arm(value=v, pulls=n) for level, (v, n) in state["arms"].items()}
        self.arms = [known.get(level, Arm()) for level in self.streams.levels]
        self.streams.load_state_dict(state["streams"])

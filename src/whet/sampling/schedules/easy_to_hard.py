"""E2H: tasks from easy to hard, by weights of their levels that change over the run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from whet.protocols import Now, PromptOrder, PromptSource, SamplingSetup
from whet.sampling.schedules.streams_of_levels import LevelStreams
from whet.sampling.schedules.weights_of_levels import GaussianLevelWeights, LevelWeights
from whet.types import Mean, Metrics, Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class EasyToHard(PromptOrder):
    """Every task is of a level that is drawn with the weights of `by`, at u = step / steps.

        P(level k) = w_k(u) / Σ_j w_j(u)

    `by` is gaussian, cosine, or one of the controls classic and balanced. A task's level is
    `task.info[key]`. The order of the levels is that of their numbers, or of `levels`.

    Source: E2H Reasoner (arXiv:2506.06632), the paper's equations and the released sampler; β and
    σ of 0.5 are the example of its configuration. In the paper easy tasks have to fade out, else
    the policy overfits to them. The search for a level reads the tasks before it, which costs no
    tokens. The order is fixed before the run: it goes on to harder levels even if the policy has
    not learned the easy ones, and it reaches the hardest one only in the last steps. Orders rarely
    beat equal mixing unless the hardest level would earn nothing by itself, so compare it with
    `by balanced`.
    """

    per_step: int = 32  # groups per step
    by: LevelWeights = GaussianLevelWeights()
    key: str = "level"  # in task.info
    levels: tuple[str, ...] = ()  # the easiest first; (): all, by their numbers

    def __post_init__(self) -> None:
        if self.per_step < 1:
            raise UsageError(f"sampling.prompts.per_step is {self.per_step}; give 1 or more")

    def open(self, setup: SamplingSetup) -> "LiveEasyToHard":
        streams = LevelStreams.of(setup, self.per_step, self.key, self.levels)
        return LiveEasyToHard(self, setup.seed, streams)


@dataclass(slots=True)
class LiveEasyToHard(PromptSource):
    """The state is the number of tasks drawn, and the position of every level."""

    settings: EasyToHard
    seed: int
    streams: LevelStreams
    drawn: int = 0
    sum_of_levels: int = 0  # of this step
    in_step: int = 0

    def next(self, count: int, now: Now) -> list[Task]:
        """The next tasks, each of a level drawn for itself."""
        levels = self.streams.levels
        weights = self.settings.by.at(now.step / max(now.steps, 1), len(levels))
        return [self._task(weights) for _ in range(count)]

    def _task(self, weights: Sequence[float]) -> Task:
        rng = Random(repr(("easy to hard", self.seed, self.drawn)))
        place = rng.choices(range(len(weights)), weights)[0]
        self.drawn += 1
        self.in_step += 1
        self.sum_of_levels += place + 1
        return self.streams.take(self.streams.levels[place])

    def step_ended(self, now: Now) -> Metrics:
        """The mean level of the step's tasks."""
        del now
        found = {"drawn_level": Mean(total=self.sum_of_levels, count=self.in_step)}
        self.sum_of_levels = self.in_step = 0
        return found

    def state_dict(self) -> dict[str, Any]:
        return {"drawn": self.drawn, "streams": self.streams.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.drawn = state["drawn"]
        self.streams.load_state_dict(state["streams"])

"""POLARIS: at the start of each stage, the highest temperature that keeps the accuracy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from whet.protocols import LiveSchedule, Now, SamplingSetup, Schedule
from whet.sampling.outcomes import mean, metrics_of
from whet.sampling.schedules.plays import heated, temperature_of
from whet.sampling.schedules.stages import EvenStages, StageStarts
from whet.types import Group, Mean, Metrics, Request, Ticket, UsageError

_GRID = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperatureSearch(Schedule):
    """T = max { t in grid : accuracy(t) ≥ max accuracy − tolerance },  anew in each stage.

    A stage begins with a search. Its tasks are played at the temperatures of the `grid` in turn,
    until each temperature has `groups` groups. accuracy(t) is the mean task metric over those
    groups, and the chosen temperature is used for the rest of the stage. All rollouts of a task
    have one temperature.

    Source: POLARIS (An et al. 2025, a blog post; read in excerpts) looks for the zone where
    accuracy falls slightly and diversity rises much. It samples each of 0.6 … 1.5 on a benchmark
    before a stage. Here the run's own rollouts are the measurement, and `tolerance` and `groups`
    are ours.

    The search plays no further rollouts: those of all temperatures are learned from. It costs
    groups × |grid| tasks per stage, 640 by default, at temperatures of which most are not used
    later. The temperatures are compared on different tasks, so accuracy(t) has a standard error of
    0.5/√groups at most, 0.06 by default: an unlucky draw chooses a neighbour. With a few groups
    the choice is mostly chance. If a stage ends before its search, the next stage searches anew.

    A reward that never says what is correct ends no search. Parts that estimate the difficulty of
    tasks see accuracies of all temperatures. Evaluations decode with `sampling.decoding`, which
    this part leaves alone: set its temperature to that of the lowest grid value or below.
    """

    sets: ClassVar[str] = "temperature"

    grid: tuple[float, ...] = _GRID
    stages: int = 3
    starts: StageStarts = EvenStages()
    groups: int = 64
    tolerance: float = 0.05

    def __post_init__(self) -> None:
        bounds = (0.0, *self.grid, float("inf"))
        if not self.grid or any(a >= b for a, b in zip(bounds, bounds[1:], strict=False)):
            raise UsageError(
                f"sampling.schedules.temperature_search.grid is {self.grid}; "
                "give temperatures above 0 that rise"
            )
        for name in ("stages", "groups"):
            if getattr(self, name) < 1:
                raise UsageError(
                    f"sampling.schedules.temperature_search.{name} is {getattr(self, name)}; "
                    "give 1 or more"
                )
        if not 0 <= self.tolerance < 1:
            raise UsageError(
                f"sampling.schedules.temperature_search.tolerance is {self.tolerance}; "
                "give a number in [0, 1)"
            )
        self.starts.check_count("sampling.schedules.temperature_search", self.stages)

    def chosen(self, accuracies: Sequence[float]) -> float:
        """The highest temperature within the tolerance of the best accuracy."""
        least = max(accuracies) - self.tolerance
        return max(t for t, found in zip(self.grid, accuracies, strict=True) if found >= least)

    def open(self, setup: SamplingSetup) -> "LiveTemperatureSearch":
        del setup
        return LiveTemperatureSearch(self)


@dataclass(slots=True)
class LiveTemperatureSearch(LiveSchedule):
    """The stage, its temperature once it is chosen, and accuracies by temperature until then."""

    settings: TemperatureSearch
    stage: int = -1
    temperature: float | None = None  # None during a search
    launched: int = 0  # tasks of this search
    found: list[list[float]] = field(default_factory=list)  # accuracies of groups, by grid index

    def apply(self, request: Request, now: Now) -> Request:
        stage = self.settings.starts.stage(now, self.settings.stages)
        if stage != self.stage:
            self.stage, self.temperature, self.launched = stage, None, 0
            self.found = [[] for _ in self.settings.grid]
        if self.temperature is not None:
            return heated(request, self.temperature)
        place = self.launched % len(self.settings.grid)
        self.launched += request.completes is None
        return heated(request, self.settings.grid[place])

    def observe(self, ticket: Ticket, groups: Sequence[Group]) -> None:
        """Add the accuracy of a task's first round to its temperature."""
        temperature, known = temperature_of(ticket.request), mean(metrics_of(groups))
        searching = self.temperature is None and temperature in self.settings.grid
        if searching and ticket.request.completes is None and known is not None:
            self.found[self.settings.grid.index(temperature)].append(known)

    def step_ended(self, now: Now) -> Metrics:
        """Choose the temperature once every one of the grid has its groups."""
        del now
        searched = self.temperature is None
        if searched and self.found and min(map(len, self.found)) >= self.settings.groups:
            means = [sum(accuracies) / len(accuracies) for accuracies in self.found]
            self.temperature = self.settings.chosen(means)
        return {"temperature_searched": Mean(total=searched, count=1)}

    def state_dict(self) -> dict[str, Any]:
        return {
            "stage": self.stage,
            "temperature": self.temperature,
            "launched": self.launched,
            "found": [list(accuracies) for accuracies in self.found],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.stage, self.temperature = state["stage"], state["temperature"]
        self.launched = state["launched"]
        self.found = [list(accuracies) for accuracies in state["found"]]

"""Sizes that depend on what earlier visits say of a task."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from whet.protocols import GroupSizer, Now
from whet.sampling.difficulty import SuccessRates
from whet.sampling.outcomes import metrics_of
from whet.types import Group, Mean, Metrics, Task


@dataclass(slots=True)
class TaskSizer(GroupSizer):
    """A sizer whose state is the success rate of every visited task."""

    rates: SuccessRates
    given: list[int] = field(default_factory=list)  # sizes of this step

    @abstractmethod
    def sizes(self, chances: Sequence[float]) -> list[int]:
        """The sizes of tasks with these estimates p̂."""

    def first(self, tasks: Sequence[Task], now: Now) -> list[int]:
        del now
        found = self.sizes([self.rates[task.id].mean for task in tasks])
        self.given += found
        return found

    def visited(self, task: Task, groups: Sequence[Group]) -> None:
        self.rates.add(task.id, metrics_of(groups))

    def step_ended(self, now: Now) -> Metrics:
        """The least and the largest size of the step."""
        del now
        given, self.given = self.given, []
        if not given:
            return {"size_min": Mean(), "size_max": Mean()}
        return {
            "size_min": Mean(total=min(given), count=1),
            "size_max": Mean(total=max(given), count=1),
        }

    def state_dict(self) -> dict[str, Any]:
        return {"rates": self.rates.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.rates.load_state_dict(state["rates"])

"""The tasks of a stream, without those that an order skips, and none twice in a step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from whet.protocols import Now, SamplingSetup
from whet.sampling.schedules.uniform import TaskStream
from whet.types import Task

_ROUNDS = 20


@dataclass(slots=True)
class FreshStream:
    """Candidates are the tasks of `Uniform`, in its order.

    A candidate is passed over if the step has drawn its task already. Where 20 rounds through a
    corpus find nothing else, tasks of this step may come again.
    """

    stream: TaskStream
    size: int | None  # tasks in the corpus; None: no end
    step: int = -1
    drawn: set[str] = field(default_factory=set)  # tasks of this step

    @classmethod
    def of(cls, setup: SamplingSetup, per_step: int) -> "FreshStream":
        return cls(TaskStream.of(setup, per_step), setup.corpus.size("train"))

    def begin(self, now: Now) -> None:
        """Forget the tasks of earlier steps."""
        if now.step != self.step:
            self.step = now.step
            self.drawn.clear()

    def next(
        self, count: int, now: Now, skips: Callable[[Task, int], bool]
    ) -> list[tuple[Task, int]]:
        """The next `count` tasks, each with its place in the stream.

        `skips` is asked of each candidate that the step has not drawn yet.
        """
        self.begin(now)
        found: list[tuple[Task, int]] = []
        passed = 0
        while len(found) < count:
            place = self.stream.drawn
            [task] = self.stream.next(1, now)
            if task.id in self.drawn or skips(task, place):
                passed += 1
                if self.size and passed % (_ROUNDS * self.size) == 0:
                    self.drawn.clear()
                continue
            passed = 0
            self.drawn.add(task.id)
            found.append((task, place))
        return found

    def task(self, place: int) -> Task:
        """The task at a place of the stream."""
        return self.stream.task(place)

    @property
    def epochs(self) -> int:
        """The number of times that every task was a candidate."""
        return self.stream.drawn // self.size if self.size else 0

    def state_dict(self) -> dict[str, Any]:
        """The number of candidates so far."""
        return self.stream.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the number of candidates."""
        self.stream.load_state_dict(state)

"""All tasks of the corpus in turn, a fixed number per step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whet.data.epoch_orders import EpochOrders
from whet.data.streams import STREAM as STREAM
from whet.protocols import Corpus, Now, PromptOrder, PromptSource, SamplingSetup
from whet.types import Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform(PromptOrder):
    """Every task of the training split once an epoch; each seed and epoch has another order."""

    per_step: int = 32  # groups per step

    def __post_init__(self) -> None:
        if self.per_step < 1:
            raise UsageError(f"sampling.prompts.per_step is {self.per_step}; give 1 or more")

    def open(self, setup: SamplingSetup) -> "TaskStream":
        return TaskStream.of(setup, self.per_step)


@dataclass(slots=True)
class TaskStream(PromptSource):
    """The tasks of a run's seed, one after the other; the state is the number drawn so far."""

    corpus: Corpus
    seed: int
    drawn: int = 0

    @classmethod
    def of(cls, setup: SamplingSetup, per_step: int) -> "TaskStream":
        """The stream of a run; in a corpus with an end, no step meets a task twice if it can."""
        return cls(EpochOrders(corpus=setup.corpus, apart=per_step), setup.seed)

    def task(self, index: int) -> Task:
        """The task at position `index` of the stream."""
        return self.corpus.task("train", self.seed * STREAM + index)

    def next(self, count: int, now: Now) -> list[Task]:
        del now
        found = self.peek(count)
        self.drawn += count
        return found

    def peek(self, count: int) -> list[Task]:
        return [self.task(self.drawn + i) for i in range(count)]

    def state_dict(self) -> dict[str, Any]:
        return {"drawn": self.drawn}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.drawn = state["drawn"]

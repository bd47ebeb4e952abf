"""Staged filtering: tasks that are solved are removed at the end of each stage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from whet.protocols import Corpus, Now, PromptOrder, PromptSource, SamplingSetup
from whet.sampling.difficulty import SuccessRates
from whet.sampling.dynamic.fresh_tasks import FreshStream
from whet.sampling.dynamic.rate_histogram import histogram_of
from whet.sampling.outcomes import metrics_of
from whet.types import Group, Mean, Metrics, RunSpec, Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class DropSolved(PromptOrder):
    """Removes the tasks with an accuracy > `above` after each stage of `every` steps, for good.

    The accuracy of a task is that of its rollouts in the stage. Tasks without a rollout in it stay,
    and so do tasks that were never solved: few failures prove nothing. `Uniform` gives the order of
    those that are left, and at least `per_step` tasks are left. A first stage of one epoch is the
    filter that leaves a "mirrored J": few easy tasks, many hard ones.

    Source: POLARIS (An et al., 2025), its blog from memory: 0.9, after each stage; there the base
    model also filters the corpus before the run. The length of a stage is ours; with
    `StagedLength` or `StagedTemperature`, give that of theirs.

    It costs no tokens. Failure mode: removed tasks are forgotten without a trace, because nothing
    measures them again. A small group overstates: all of 4 rollouts are right with probability 0.41
    at p = 0.8. In a corpus without an end no task comes twice, and none is missed.
    """

    remembers: ClassVar[bool] = True

    per_step: int = 32  # groups per step
    above: float = 0.9  # accuracy
    every: int = 100  # steps per stage

    def __post_init__(self) -> None:
        if self.per_step < 1:
            raise UsageError(f"sampling.prompts.per_step is {self.per_step}; give 1 or more")
        if not 0 <= self.above < 1:
            raise UsageError(f"sampling.prompts.above is {self.above}; give 0 or more, below 1")
        if self.every < 1:
            raise UsageError(f"sampling.prompts.every is {self.every}; give 1 step or more")

    def run_warning(self, spec: RunSpec) -> str:
        """A warning where the first stage lasts as long as the run."""
        if not 0 < spec.steps <= self.every:
            return ""
        return (
            f"sampling.prompts.every is {self.every}, and the run has {spec.steps} steps, so no "
            "task is removed; give less"
        )

    def open(self, setup: SamplingSetup) -> "LiveDropSolved":
        return LiveDropSolved(self, setup.corpus, FreshStream.of(setup, self.per_step))


@dataclass(slots=True)
class LiveDropSolved(PromptSource):
    """The state is the removed tasks, and the results of the present stage."""

    settings: DropSolved
    corpus: Corpus
    fresh: FreshStream
    removed: set[str] = field(default_factory=set)
    rates: SuccessRates = field(default_factory=lambda: SuccessRates(keep=1.0))

    def next(self, count: int, now: Now) -> list[Task]:
        found = self.fresh.next(count, now, lambda task, _: task.id in self.removed)
        return [task for task, _ in found]

    def peek(self, count: int) -> Sequence[Task]:
        """The next candidates that are left; fewer where some are removed."""
        ahead = self.fresh.stream.peek(count)
        return [task for task in ahead if task.id not in self.removed]

    def visited(self, task: Task, groups: Sequence[Group]) -> None:
        self.rates.add(task.id, metrics_of(groups))

    def step_ended(self, now: Now) -> Metrics:
        metrics = dict(histogram_of(self.rates))
        if (now.step + 1) % self.settings.every == 0:
            self._end_stage()
        return metrics | {"removed": Mean(total=len(self.removed), count=1)}

    def _end_stage(self) -> None:
        found = {t: r.right / r.tries for t, r in self.rates.records.items() if r.tries}
        solved = sorted((-r, task) for task, r in found.items() if r > self.settings.above)
        room = len(self._left()) - self.settings.per_step
        self.removed.update(task for _, task in solved[: max(room, 0)])
        self.rates.records.clear()

    def _left(self) -> set[str]:
        rows = range(self.fresh.size or 0)
        return {self.corpus.task("train", row).id for row in rows} - self.removed

    def state_dict(self) -> dict[str, Any]:
        return {
            "fresh": self.fresh.state_dict(),
            "removed": sorted(self.removed),
            "rates": self.rates.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.fresh.load_state_dict(state["fresh"])
        self.removed = set(state["removed"])
        self.rates.load_state_dict(state["rates"])

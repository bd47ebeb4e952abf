"""AdaRFT: tasks of the difficulty at which the policy earns the wanted reward."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, tanh
from typing import Any

from whet.protocols import Now, PromptOrder, PromptSource, SamplingSetup
from whet.sampling.outcomes import metrics_of
from whet.sampling.schedules.streams_of_levels import first_tasks, number_of
from whet.sampling.schedules.uniform import TaskStream
from whet.types import Group, Mean, Metrics, Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Adarft(PromptOrder):
    """The tasks whose difficulty d is nearest to a target T, which follows the policy.

        T ← clip(T + η tanh(α (R̄ − β)), d_min, d_max)   after every step

    R̄ is the mean of the task metric over the step, of rollouts without a hint. At R̄ = β the target
    stays. d is `task.info[key]`, a number; `easiest` and `hardest` are d_min and d_max, by
    default the least and the largest d of the first tasks. T and η are shares of that range.

    The candidates are the next `window` tasks of the stream, at most one epoch; the others are
    passed over, and come again in the next epoch. Of equally near tasks the first ones win. No step
    has a task twice while there are other candidates.

    Source: AdaRFT (arXiv:2504.05520), its equations. α 2 and β 0.5 are the paper's, which sets η to
    50 for difficulties of 0 to 100; η 0.05 of the range is ours, as the steps of small runs have
    few rollouts. The window is ours: the paper sorts the whole data set. It costs no tokens, but
    reads `window` tasks to draw a step. The difficulty has to be known and about right: where
    the labels of a model or of a person disagree with the policy, T settles at a wrong place, and
    a coarse scale with two levels makes T swing between them.
    """

    per_step: int = 32  # groups per step
    key: str = "level"  # of a number in task.info
    easiest: float | None = None  # d_min; None: of the first tasks
    hardest: float | None = None  # d_max
    start: float = 0.0  # first T, as a share of the range
    beta: float = 0.5  # wanted R̄
    alpha: float = 2.0
    eta: float = 0.05  # largest change of T in a step, as a share of the range
    window: int = 256  # candidates per draw

    def __post_init__(self) -> None:
        checks = {
            "per_step": (self.per_step >= 1, "1 or more"),
            "start": (0 <= self.start <= 1, "a number in [0, 1]"),
            "alpha": (0 < self.alpha < inf, "more than 0"),
            "eta": (0 < self.eta <= 1, "a number in (0, 1]"),
            "window": (self.window >= 1, "1 or more"),
        }
        for name, (sound, legal) in checks.items():
            if not sound:
                raise UsageError(f"sampling.prompts.{name} is {getattr(self, name)}; give {legal}")

    def moved(self, target: float, reward: float) -> float:
        """The next target after a step of this mean reward."""
        return min(max(target + self.eta * tanh(self.alpha * (reward - self.beta)), 0.0), 1.0)

    def open(self, setup: SamplingSetup) -> "LiveAdarft":
        stream = TaskStream.of(setup, self.per_step)
        low, high = self.easiest, self.hardest
        if low is None or high is None:
            known = [number_of(task, self.key) for task in first_tasks(stream)]
            low = min(known) if low is None else low
            high = max(known) if high is None else high
        if not low < high:
            raise UsageError(
                f"sampling.prompts.hardest is {high}, and easiest is {low}; give more than easiest"
            )
        return LiveAdarft(self, stream, low, high, self.start)


@dataclass(slots=True)
class LiveAdarft(PromptSource):
    """The state is the target and the position in the stream."""

    settings: Adarft
    stream: TaskStream
    easiest: float
    hardest: float
    target: float
    total: float = 0.0  # Σ of the step's task metrics
    count: int = 0
    step: int = -1
    drawn: set[str] = field(default_factory=set)  # tasks of this step

    def next(self, count: int, now: Now) -> list[Task]:
        """The nearest of the next tasks, in the order of the stream."""
        if now.step != self.step:
            self.step, self.drawn = now.step, set()
        size = self.stream.corpus.size("train")
        window = self.settings.window if size is None else min(self.settings.window, size)
        candidates = self.stream.next(max(window, count), now)
        seen, again = set(self.drawn), list[bool]()
        for task in candidates:
            again.append(task.id in seen)
            seen.add(task.id)
        places = range(len(candidates))
        near = sorted(places, key=lambda i: (again[i], self._distance(candidates[i])))
        found = [candidates[i] for i in sorted(near[:count])]
        self.drawn.update(task.id for task in found)
        return found

    def _distance(self, task: Task) -> float:
        value = number_of(task, self.settings.key)
        return abs((value - self.easiest) / (self.hardest - self.easiest) - self.target)

    def visited(self, task: Task, groups: Sequence[Group]) -> None:
        del task
        metrics = metrics_of(groups)
        self.total += sum(metrics)
        self.count += len(metrics)

    def step_ended(self, now: Now) -> Metrics:
        """Move the target by the mean of the step; without a known metric it stays."""
        del now
        held = self.target
        if self.count:
            self.target = self.settings.moved(held, self.total / self.count)
        self.total, self.count = 0.0, 0
        return {"target_difficulty": Mean(total=held, count=1)}

    def state_dict(self) -> dict[str, Any]:
        return {"target": self.target, "stream": self.stream.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.target = state["target"]
        self.stream.load_state_dict(state["stream"])

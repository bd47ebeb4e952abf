"""Prompt replay: prompts of middle success rates are sampled again, by the present policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import floor
from typing import Any, ClassVar, NamedTuple

from whet.protocols import Now, PromptOrder, PromptSource, SamplingSetup
from whet.sampling.dynamic.fresh_tasks import FreshStream
from whet.sampling.outcomes import mean, metrics_of
from whet.types import Group, Mean, Metrics, RunSpec, Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptReplay(PromptOrder):
    """Holds the prompts of which the latest visit had low ≤ p ≤ high, and plays them again.

    Of each draw, at most `share` are held prompts, those with the smallest |p − 1/2| first. The
    others are fresh, in the order of `Uniform`. A prompt is drawn again `cooldown` steps after its
    latest visit at the earliest, and at most `uses` times. A visit outside the band takes it out.
    The rollouts are new ones, so nothing is off-policy.

    Source: Prompt Replay (arXiv:2603.21177); its abstract was read, and the numbers are
    unconfirmed: [0.25, 0.75], 75%, 10 steps, 15 uses.

    It costs no tokens, and works in a corpus without an end, too. Failure mode: overfitting on the
    prompts that come again. The paper tells of a faster start and an end like that of the baseline,
    because its settings were too aggressive.
    """

    repeats: ClassVar[bool] = True

    per_step: int = 32  # groups per step
    low: float = 0.25
    high: float = 0.75
    share: float = 0.75  # of a draw
    cooldown: int = 10  # steps
    uses: int = 15

    def __post_init__(self) -> None:
        for name in ("per_step", "cooldown", "uses"):
            if (value := getattr(self, name)) < 1:
                raise UsageError(f"sampling.prompts.{name} is {value}; give 1 or more")
        if not 0 <= self.share <= 1:
            raise UsageError(f"sampling.prompts.share is {self.share}; give 0 to 1")
        if not 0 <= self.low <= 1:
            raise UsageError(f"sampling.prompts.low is {self.low}; give 0 to 1")
        if not self.low <= self.high <= 1:
            raise UsageError(f"sampling.prompts.high is {self.high}; give {self.low} to 1")

    def run_warning(self, spec: RunSpec) -> str:
        """A warning for runs that end before the first prompt has rested."""
        if not 0 < spec.steps <= self.cooldown:
            return ""
        return (
            f"sampling.prompts.cooldown is {self.cooldown}, and the run has {spec.steps} steps, so "
            "no prompt is replayed; give less"
        )

    def open(self, setup: SamplingSetup) -> "LivePromptReplay":
        return LivePromptReplay(self, FreshStream.of(setup, self.per_step))


class Held(NamedTuple):
    """A prompt in the buffer."""

    place: int  # in the stream of fresh tasks
    rate: float  # p of the latest visit
    step: int  # of the latest visit


@dataclass(slots=True)
class LivePromptReplay(PromptSource):
    """The state is the buffer, and the number of times that each prompt was replayed."""

    settings: PromptReplay
    fresh: FreshStream
    held: dict[str, Held] = field(default_factory=dict)
    uses: dict[str, int] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)  # of the tasks of this step
    replayed: int = 0  # in this step
    drawn: int = 0  # in this step

    def next(self, count: int, now: Now) -> list[Task]:
        self.fresh.begin(now)
        again = self._ready(now.step)[: floor(self.settings.share * count)]
        for task in again:
            self.uses[task] = self.uses.get(task, 0) + 1
            self.places[task] = self.held[task].place
        self.fresh.drawn.update(again)
        found = self.fresh.next(count - len(again), now, lambda _task, _place: False)
        self.places |= {task.id: place for task, place in found}
        self.replayed += len(again)
        self.drawn += count
        return [*(self.fresh.task(self.places[t]) for t in again), *(task for task, _ in found)]

    def _ready(self, step: int) -> list[str]:
        """The held prompts that may be drawn now, the best first."""
        rested = [
            task
            for task, held in self.held.items()
            if step - held.step >= self.settings.cooldown and task not in self.fresh.drawn
        ]
        return sorted(rested, key=lambda task: (abs(self.held[task].rate - 1 / 2), task))

    def visited(self, task: Task, groups: Sequence[Group]) -> None:
        """A visit of unknown results leaves a held prompt as it is, and it rests again."""
        before, rate = self.held.pop(task.id, None), mean(metrics_of(groups))
        if rate is None and before is not None:
            rate = before.rate
        worn = self.uses.get(task.id, 0) >= self.settings.uses
        if rate is None or worn or not self.settings.low <= rate <= self.settings.high:
            return
        self.held[task.id] = Held(self.places[task.id], rate, self.fresh.step)

    def step_ended(self, now: Now) -> Metrics:
        del now
        metrics = {
            "replayed": Mean(total=self.replayed, count=self.drawn),
            "held": Mean(total=len(self.held), count=1),
        }
        self.places.clear()
        self.replayed = self.drawn = 0
        return metrics

    def state_dict(self) -> dict[str, Any]:
        return {
            "fresh": self.fresh.state_dict(),
            "held": {task: list(held) for task, held in self.held.items()},
            "uses": self.uses,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.fresh.load_state_dict(state["fresh"])
        self.held = {task: Held(*held) for task, held in state["held"].items()}
        self.uses = dict(state["uses"])

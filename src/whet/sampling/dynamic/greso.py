"""Selective rollouts: prompts that told nothing lately are skipped before they are sampled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from whet.protocols import Now, PromptOrder, PromptSource, SamplingSetup
from whet.sampling.dynamic.fresh_tasks import FreshStream
from whet.sampling.outcomes import metrics_of
from whet.types import Group, Mean, Metrics, RunSpec, Task, UsageError, seed_of, spread

_LOW, _HIGH = 0.05, 0.95  # bounds of p
_TWO = 2  # rollouts that a spread needs
_SEEDS = 1 << 56  # seeds are below


@dataclass(frozen=True, slots=True, kw_only=True)
class Greso(PromptOrder):
    """GRESO: skips a task with probability 1 − max(p^z, least).

    z is the number of a task's latest visits in a row that had no spread and were of one type. The
    visit is easy if the equal results are at least 1/2, else hard. Each type has its own p. After
    every step from the second epoch on, and with the target of each type:

    p ← p − rate  if the share of visits of this type ≥ its target,  else p + rate

    Candidates come in the order of `Uniform`, and a skipped one waits for the next epoch. The
    number of tasks per step stays: the next candidate takes the place. A gate that refills keeps
    the batch full, too: `--sampling.gate non_zero_spread --sampling.gate.max_rounds 8`. The paper
    sets the size of each refill to 1.25/(1 − share without spread) of what is missing, which is
    `--sampling.gate.oversample 1.67` at the target of 25%.

    Source: arXiv:2506.02177; its abstract and its code were read. From the code: 25%, a third of it
    easy, p = 0.5 at the start and within [0.05, 0.95], rate 0.01. The code has `least` 0.01; ours
    is 0.02, so that a solved task is tried again within 50 epochs on average.

    It costs no tokens. The paper reports rollouts in 2.4 times less time. Failure mode: results are
    of older weights. A task that became solvable is found late, once its z is large. In a corpus
    without an end no task comes twice, and nothing is skipped.
    """

    remembers: ClassVar[bool] = True

    per_step: int = 32  # groups per step
    target: float = 0.25  # share of visits without spread
    easy: float = 1 / 3  # of the target, for easy visits; the rest is for hard ones
    start: float = 0.5  # p of both types in the first step
    rate: float = 0.01  # of p, per step
    least: float = 0.02  # probability to keep a task, whatever its z

    def __post_init__(self) -> None:
        if self.per_step < 1:
            raise UsageError(f"sampling.prompts.per_step is {self.per_step}; give 1 or more")
        for name in ("target", "easy", "rate"):
            if not 0 <= (value := getattr(self, name)) <= 1:
                raise UsageError(f"sampling.prompts.{name} is {value}; give 0 to 1")
        if not _LOW <= self.start <= _HIGH:
            raise UsageError(f"sampling.prompts.start is {self.start}; give {_LOW} to {_HIGH}")
        if not 0 < self.least <= 1:
            raise UsageError(
                f"sampling.prompts.least is {self.least}; give more than 0, and at most 1"
            )

    def run_error(self, spec: RunSpec) -> str:
        """An error for groups of one rollout, which have no spread."""
        if spec.samples != 1:
            return ""
        return (
            "sampling.prompts Greso needs groups with a spread, and sampling.size.rollouts is 1; "
            "give 2 or more, or --sampling.prompts uniform"
        )

    def skip(self, streak: int, base: float) -> float:
        """The probability to skip a task after so many visits without spread, with p = `base`."""
        return 1 - max(base ** abs(streak), self.least) if streak else 0.0

    def open(self, setup: SamplingSetup) -> "LiveGreso":
        return LiveGreso(
            settings=self,
            seed=setup.seed,
            fresh=FreshStream.of(setup, self.per_step),
            base={"easy": self.start, "hard": self.start},
        )


@dataclass(slots=True, kw_only=True)
class LiveGreso(PromptSource):
    """The state is z per task (+z of easy visits, −z of hard ones), and p per type."""

    settings: Greso
    seed: int
    fresh: FreshStream
    base: dict[str, float]  # p
    streaks: dict[str, int] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("easy", "hard", "all"), 0))
    candidates: int = 0
    skipped: int = 0

    def next(self, count: int, now: Now) -> list[Task]:
        return [task for task, _ in self.fresh.next(count, now, self._skips)]

    def peek(self, count: int) -> Sequence[Task]:
        """The next candidates, some of which will be skipped."""
        return self.fresh.stream.peek(count)

    def _skips(self, task: Task, place: int) -> bool:
        streak = self.streaks.get(task.id, 0)
        chance = self.settings.skip(streak, self.base["easy" if streak > 0 else "hard"])
        skips = chance > 0 and seed_of("greso", self.seed, place) < chance * _SEEDS
        self.candidates += 1
        self.skipped += skips
        return skips

    def visited(self, task: Task, groups: Sequence[Group]) -> None:
        """A visit with fewer than two known results says nothing of a spread."""
        found = metrics_of(groups)
        if len(found) < _TWO:
            return
        self.seen["all"] += 1
        before = self.streaks.pop(task.id, 0)
        if spread(found) > 0:
            return
        easy = found[0] >= 1 / 2
        self.seen["easy" if easy else "hard"] += 1
        self.streaks[task.id] = max(before, 0) + 1 if easy else min(before, 0) - 1

    def step_ended(self, now: Now) -> Metrics:
        del now
        own, visits = self.settings, self.seen["all"]
        metrics: dict[str, Mean] = {
            "skipped": Mean(total=self.skipped, count=self.candidates),
            **{f"constant_{t}": Mean(total=self.seen[t], count=visits) for t in self.base},
            **{f"explore_{t}": Mean(total=p, count=1) for t, p in self.base.items()},
        }
        targets = {"easy": own.target * own.easy, "hard": own.target * (1 - own.easy)}
        if visits and self.fresh.epochs:
            for kind, target in targets.items():
                move = -own.rate if self.seen[kind] >= target * visits else own.rate
                self.base[kind] = min(max(self.base[kind] + move, _LOW), _HIGH)
        self.seen, self.candidates, self.skipped = dict.fromkeys(self.seen, 0), 0, 0
        return metrics

    def state_dict(self) -> dict[str, Any]:
        return {"fresh": self.fresh.state_dict(), "base": self.base, "streaks": self.streaks}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.fresh.load_state_dict(state["fresh"])
        self.base, self.streaks = dict(state["base"]), dict(state["streaks"])

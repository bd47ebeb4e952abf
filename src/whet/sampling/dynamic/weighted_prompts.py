"""Tasks drawn with probabilities that follow their success rates."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from math import inf, isfinite, log
from random import Random
from typing import Any, ClassVar

from whet.protocols import Corpus, Now, PromptOrder, PromptSource, SamplingSetup
from whet.sampling.difficulty import SuccessRates, TaskRecord
from whet.sampling.dynamic.rate_histogram import histogram_of
from whet.sampling.outcomes import metrics_of
from whet.types import Group, Metrics, Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class RateWeighted(PromptOrder):
    """Base of orders that draw task i with P(i) = (1 − ε) w_i / Σ w + ε / n.

    w is a function of what is known of the task. ε is `explore`. Where Σ w = 0, P is uniform. No
    step draws a task twice while others are left: P of the others is scaled up.
    """

    repeats: ClassVar[bool] = True

    per_step: int = 32  # groups per step
    explore: float = 0.1  # share of draws that are uniform
    keep: float = 0.9  # of the counts behind p̂, at each visit

    def __post_init__(self) -> None:
        if self.per_step < 1:
            raise UsageError(f"sampling.prompts.per_step is {self.per_step}; give 1 or more")
        for name in ("explore", "keep"):
            if not 0 <= (value := getattr(self, name)) <= 1:
                raise UsageError(f"sampling.prompts.{name} is {value}; give 0 to 1")

    @abstractmethod
    def weight(self, record: TaskRecord) -> float:
        """The weight w of a task, at least 0; the record of an unseen one has 0 visits."""

    def open(self, setup: SamplingSetup) -> "WeightedSource":
        rows = _rows(setup.corpus, type(self).__name__)
        return WeightedSource(self, setup, rows, rates=SuccessRates(keep=self.keep))


def _rows(corpus: Corpus, name: str) -> dict[str, int]:
    """The index of every training task by its id, the first one of equal ids."""
    size = corpus.size("train")
    if not size:
        raise UsageError(
            f"sampling.prompts {name} draws from a list of all tasks, and that of "
            f"{type(corpus).__name__} is endless or empty; give --data FILE, Pool(tasks=1000) in "
            "a recipe, or --sampling.prompts uniform"
        )
    rows: dict[str, int] = {}
    for row in range(size):
        rows.setdefault(corpus.task("train", row).id, row)
    return rows


@dataclass(slots=True)
class WeightedSource(PromptSource):
    """The state is the success rates, and the number of tasks drawn so far."""

    settings: RateWeighted
    setup: SamplingSetup
    rows: dict[str, int]
    rates: SuccessRates
    drawn: int = 0
    step: int = -1
    used: set[str] = field(default_factory=set)  # tasks of this step

    def next(self, count: int, now: Now) -> list[Task]:
        if now.step != self.step:
            self.step = now.step
            self.used.clear()
        found: list[Task] = []
        chances = self.chances()
        while len(found) < count:
            left = {task: p for task, p in chances.items() if task not in self.used}
            if not left:
                self.used.clear()
                continue
            rng = Random(repr(("prompts", self.setup.seed, self.drawn)))
            drawn = _without_replacement(left, count - len(found), rng)
            self.used.update(drawn)
            self.drawn += len(drawn)
            found += [self.setup.corpus.task("train", self.rows[task]) for task in drawn]
        return found

    def chances(self) -> dict[str, float]:
        """P of each task; the sum is 1."""
        weights = {task: self.settings.weight(self.rates[task]) for task in self.rows}
        total, count = sum(weights.values()), len(weights)
        if not total > 0:
            return dict.fromkeys(weights, 1 / count)
        mixed = self.settings.explore
        return {t: (1 - mixed) * w / total + mixed / count for t, w in weights.items()}

    def visited(self, task: Task, groups: Sequence[Group]) -> None:
        self.rates.add(task.id, metrics_of(groups))

    def step_ended(self, now: Now) -> Metrics:
        del now
        return histogram_of(self.rates)

    def state_dict(self) -> dict[str, Any]:
        return {"rates": self.rates.state_dict(), "drawn": self.drawn}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.rates.load_state_dict(state["rates"])
        self.drawn = state["drawn"]


def _without_replacement(chances: Mapping[str, float], count: int, rng: Random) -> list[str]:
    """One task after the other, each in proportion to its chance among those that are left.

    The order of log(u) / p, with u uniform on (0, 1), is the order of such draws (Efraimidis and
    Spirakis, 2006). Tasks of chance 0 come last, in an arbitrary order.
    """
    keys = {task: _key(p, 1 - rng.random()) for task, p in chances.items()}
    return nlargest(count, keys, key=keys.__getitem__)


def _key(chance: float, uniform: float) -> tuple[float, float]:
    key = log(uniform) / chance if chance > 0 else -inf
    return (key if isfinite(key) else -inf), uniform

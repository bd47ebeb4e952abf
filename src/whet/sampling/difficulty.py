"""Success rates of tasks, estimated from earlier visits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from whet.types import UsageError


@dataclass(slots=True)
class TaskRecord:
    """What is known of a task: discounted counts, and its last visit."""

    right: float = 0.0  # Σ λ^age of the task metric
    tries: float = 0.0  # Σ λ^age of rollouts
    visits: int = 0
    last: float = 0.0  # mean of the last visit

    @property
    def mean(self) -> float:
        """Mean of the Beta posterior: p̂ = (1 + right) / (2 + tries)."""
        return (1 + self.right) / (2 + self.tries)


@dataclass(slots=True)
class SuccessRates:
    """A Beta posterior of the success rate p of every visited task.

    p ~ Beta(1 + right, 1 + wrong);  at every visit first counts ← λ · counts

    The policy changes, so old visits are forgotten with λ = `keep` (ours: 0.9). A task without a
    success in a few tries stays possible: with 8 of them p < 0.31 at 95%.

    A metric that is a number beside 0 … 1, as of a reward from −1 to 1, counts as the nearest of
    both, so 1 and more is a success, as it is for `correct`.
    """

    keep: float = 0.9
    records: dict[str, TaskRecord] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.keep <= 1:
            raise UsageError(f"keep is {self.keep}; give a number in [0, 1]")

    def __getitem__(self, task: str) -> TaskRecord:
        """The record of a task; of an unknown one, an empty record, whose mean is 1/2."""
        return self.records.get(task, TaskRecord())

    def __contains__(self, task: str) -> bool:
        return task in self.records

    def add(self, task: str, metrics: Sequence[float]) -> None:
        """Add a visit by the task metrics of its rollouts; nothing if none is known."""
        if not metrics:
            return
        before, right = self[task], sum(min(max(metric, 0.0), 1.0) for metric in metrics)
        self.records[task] = TaskRecord(
            right=self.keep * before.right + right,
            tries=self.keep * before.tries + len(metrics),
            visits=before.visits + 1,
            last=right / len(metrics),
        )

    def deciles(self) -> list[int]:
        """The number of tasks in each tenth of p̂, the hardest first."""
        found = [0] * 10
        for record in self.records.values():
            found[min(int(record.mean * 10), 9)] += 1
        return found

    def state_dict(self) -> dict[str, Any]:
        """All records by task."""
        return {t: [r.right, r.tries, r.visits, r.last] for t, r in self.records.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore exactly the records that `state_dict` returned."""
        self.records = {
            task: TaskRecord(right=right, tries=tries, visits=visits, last=last)
            for task, (right, tries, visits, last) in state.items()
        }

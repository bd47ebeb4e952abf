"""The best step of a run, by a metric of its periodic evaluations."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from whet.training.ledger import name_of


@dataclass(slots=True, kw_only=True)
class Best:
    """The step with the largest value so far, of equal ones the first."""

    metric: str  # empty: no step is the best
    step: int = -1  # −1: none yet
    value: float = -inf

    @classmethod
    def of(cls, metric: str, rows: Iterable[Mapping[str, Any]], names: Collection[str]) -> "Best":
        """The best step of the rows of a ledger, of those that have a checkpoint of these names.

        An earlier one has none if the metric was given later, or if its checkpoint is lost.
        """
        found = cls(metric=metric)
        for row in rows if metric else ():
            if row["kind"] == "periodic" and _name(row["step"]) in names:
                found.see(row["step"], row["metrics"].get(metric, {}).get("value"))
        return found

    @property
    def name(self) -> str:
        """The name of the checkpoint of that step; empty for none."""
        return _name(self.step) if self.step >= 0 else ""

    def see(self, step: int, value: float | None) -> None:
        """Take the value of a step into account; None is the mean over nothing."""
        if self.metric and value is not None and value > self.value:
            self.step, self.value = step, value


def _name(step: int) -> str:
    return name_of({"kind": "step", "step": step})

"""The history of a run: its card, and the rows of its ledger in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet.training.card import read
from whet.training.kept_rollouts import rows_of
from whet.training.ledger import ROLLOUTS, Ledger

Row = dict[str, Any]
Points = list[tuple[float, float]]

_WHY = {
    "missing_score_only": "the reward gives scores only",
    "missing_verifier_error": "the reward failed",
    "missing_not_applicable": "the reward is not applicable",
    "not_applicable": "the reward is not applicable",
}


@dataclass(frozen=True, slots=True)
class History:
    """A run's card and the rows of its ledger."""

    folder: Path
    card: Row
    rows: tuple[Row, ...]

    @classmethod
    def of(cls, folder: Path) -> "History":
        """Read a run folder.  Raises `UsageError` for other folders."""
        return cls(folder, read(folder), tuple(Ledger(folder).rows()))

    def of_kind(self, kind: str) -> list[Row]:
        """sft, base, step, periodic or final."""
        return [row for row in self.rows if row["kind"] == kind]

    def curve(self, kind: str, metric: str) -> Points:
        """A metric over steps; steps without a value have no point."""
        found = ((row["step"], value(row, metric)) for row in self.of_kind(kind))
        return [(step, y) for step, y in found if y is not None]

    def total(self, kind: str, metric: str) -> float:
        """The sum of a metric over all rows of a kind."""
        return sum(y for _, y in self.curve(kind, metric))

    def evaluation(self, name: str) -> Row | None:
        """The newest evaluation of that name."""
        return next(iter(reversed(self.of_kind(name))), None)

    def rollouts(self, evaluation: Row) -> list[list[Row]]:
        """The rollouts of an evaluation, by problem: the greedy one, then the samples."""
        path = self.folder / ROLLOUTS / f"{evaluation['kind']}-{evaluation['step']:06}.parquet"
        if not path.is_file():
            return []
        problems: dict[int, list[Row]] = {}
        for row in rows_of(path):
            problems.setdefault(row["group"], []).append(row)
        return list(problems.values())


def value(row: Row, metric: str) -> float | None:
    """A metric of a row, or None."""
    return row["metrics"].get(metric, {}).get("value")


def count(row: Row, metric: str) -> tuple[int, int]:
    """The counts n and N of a share; 0 and 0 where the row lacks it."""
    held = row["metrics"].get(metric) or {"value": None, "of": 0}
    return round((held["value"] or 0.0) * held["of"]), round(held["of"])


def estimate(row: Row, metric: str) -> str:
    """A metric of an evaluation with its 95% interval, and how many problems are known."""
    found = value(row, metric)
    if found is None:
        return _not_known(row)
    bounds: Sequence[float] | None = row["intervals"].get(metric)
    text = f"{found:.3f}" + (f" [{bounds[0]:.3f}, {bounds[1]:.3f}]" if bounds else "")
    known, of = count(row, f"known_{metric}")
    return text if known == of else f"{text}, {known} of {of} problems"


def _not_known(row: Row) -> str:
    """That a metric is not known, and why."""
    for metric, why in _WHY.items():
        if value(row, metric):
            return f"not known: {why}"
    return "not known"

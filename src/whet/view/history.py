"""The history of a run: its card, and the rows of its ledger in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyarrow import parquet

from whet.training.card import read
from whet.training.ledger import ROLLOUTS, Ledger

Row = dict[str, Any]
Points = list[tuple[float, float]]


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
        for row in parquet.read_table(path).to_pylist():
            problems.setdefault(row["group"], []).append(row)
        return list(problems.values())


def value(row: Row, metric: str) -> float | None:
    """A metric of a row, or None."""
    return row["metrics"].get(metric, {}).get("value")


def estimate(row: Row, metric: str) -> str:
    """A metric of an evaluation with its 95% interval."""
    known = value(row, metric)
    if known is None:
        return "–"
    bounds: Sequence[float] | None = row["intervals"].get(metric)
    return f"{known:.3f}" + (f" [{bounds[0]:.3f}, {bounds[1]:.3f}]" if bounds else "")

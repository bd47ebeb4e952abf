"""What a judge made of labelled replies, as a line of a table and as a row of a committed file."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from whet.evaluation.statistics.proportions import wilson

FILE = Path(__file__).with_name("verdicts") / "labelled.jsonl"
HEAD = (
    "| set | judge | rows | precision | recall | wrong paid | right refused | unjudged | rows/s |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The verdicts of a judge on one half of a set; a reply without a verdict is not paid."""

    half: str
    set: str
    judge: str
    rows: int
    right: int  # replies that deserve a reward
    paid: int  # replies that got one
    hits: int  # both
    unjudged: int
    rate: float | None  # rows a second in one process; None where it was not measured

    def line(self) -> str:
        """A line below `HEAD`: the shares with Wilson intervals of 95 %."""
        shares = []
        for of in (self.paid, self.right):
            within = wilson(self.hits, of)
            shares.append(f"{within.value:.3f} [{within.low:.3f}, {within.high:.3f}]")
        wrong = self.paid - self.hits, self.right - self.hits, self.unjudged
        rate = "" if self.rate is None else f"{self.rate:.4g}"
        cells = self.set, self.judge, self.rows, *shares, *wrong, rate
        return f"| {' | '.join(map(str, cells))} |"

    def keep(self) -> None:
        """Write the row to `FILE`, in place of an earlier one of the same judge and replies."""
        known = [row for row in read() if row.key != self.key]
        lines = [json.dumps(asdict(row)) for row in sorted([*known, self], key=lambda r: r.key)]
        FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")

    @property
    def key(self) -> tuple[str, str, str]:
        """What there is one row of."""
        return self.half, self.set, self.judge


def counted(
    place: tuple[str, str, str],
    rows: Sequence[Any],
    found: Sequence[bool | None],
    rate: float | None = None,
) -> Counts:
    """The counts of a judge's verdicts; the place is (half, set, judge)."""
    half, name, judge = place
    pairs = [(bool(said), row["correct"]) for said, row in zip(found, rows, strict=True)]
    return Counts(
        half=half,
        set=name,
        judge=judge,
        rows=len(rows),
        right=sum(right for _, right in pairs),
        paid=sum(said for said, _ in pairs),
        hits=sum(said and right for said, right in pairs),
        unjudged=sum(said is None for said in found),
        rate=rate,
    )


def read() -> list[Counts]:
    """The rows of `FILE`."""
    if not FILE.exists():
        return []
    return [Counts(**json.loads(line)) for line in FILE.read_text(encoding="utf-8").splitlines()]

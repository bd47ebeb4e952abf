"""What a judge made of labelled replies, as a line of a table and as a row of a committed file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

from stored_rows import store

from whet.evaluation.statistics.proportions import wilson

Judging = Callable[[Any], bool | None]
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
        """Store the row, in place of an earlier one of the same judge and replies."""
        store("labelled", [asdict(self)], ("half", "set", "judge"))


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


def timed(
    half: str, name: str, rows: Sequence[Any], judges: Mapping[str, Judging], *, keep: bool
) -> None:
    """Print the line of each judge of the same rows, with its rate, and store it if asked to."""
    print("\n".join(HEAD))
    for title, judge in judges.items():
        judge(rows[0])  # what is loaded once is not timed
        begun = perf_counter()
        found = [judge(row) for row in rows]
        rate = len(rows) / (perf_counter() - begun)
        counts = counted((half, name, title), rows, found, rate)
        print(counts.line(), flush=True)
        if keep:
            counts.keep()

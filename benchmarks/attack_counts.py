"""Rows of a committed file: attacks of one kind in one place, and what they obtained."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = Path(__file__).with_name("verdicts") / "attacks.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attacks:
    """Attacks on a judge; `won` says how many obtained something, `what` of which kind."""

    judge: str
    attack: str
    place: str  # a sandbox and a user, or the form of a judge
    tried: int
    won: int
    note: str = ""

    def line(self) -> str:
        """A line of a table."""
        cells = self.judge, self.attack, self.place, self.tried, self.won, self.note
        return f"| {' | '.join(map(str, cells))} |"

    def keep(self) -> None:
        """Write the row to `FILE`, in place of an earlier one of the same kind and place."""
        known = [row for row in read() if row.key != self.key]
        lines = [json.dumps(asdict(row)) for row in sorted([*known, self], key=lambda r: r.key)]
        FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")

    @property
    def key(self) -> tuple[str, str, str]:
        """What there is one row of."""
        return self.judge, self.attack, self.place


def read() -> list[Attacks]:
    """The rows of `FILE`."""
    if not FILE.exists():
        return []
    return [Attacks(**json.loads(line)) for line in FILE.read_text(encoding="utf-8").splitlines()]

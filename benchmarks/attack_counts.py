"""Rows of a committed file: attacks of one kind in one place, and what they obtained."""

from dataclasses import asdict, dataclass

from stored_rows import store


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
        """Store the row, in place of an earlier one of the same kind and place."""
        store("attacks", [asdict(self)], ("judge", "attack", "place"))

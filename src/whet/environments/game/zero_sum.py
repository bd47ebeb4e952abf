"""Verdicts of both seats of a zero-sum game."""

from collections.abc import Sequence

from whet.protocols import Policy
from whet.types import Finish, Verdict


def settle(policy: Policy, seats: Sequence[str], first: float) -> None:
    """End both seats: `first` for the first one, the contrary for the second."""
    for name, points in zip(seats, (first, -first), strict=True):
        policy.seat(name).end(Verdict.points(points + 0.0, correct=points > 0))


def forfeit(policy: Policy, seats: Sequence[str], loser: str) -> None:
    """End both seats after an illegal move: −1 for its seat, +1 for the other."""
    for name in seats:
        points = -1.0 if name == loser else 1.0
        verdict = Verdict.points(points, correct=points > 0, finish=Finish.ILLEGAL)
        policy.seat(name).end(verdict)

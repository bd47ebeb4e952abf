"""A token's entropy relative to that of the other replies at the same position."""

from collections.abc import Sequence

Rows = Sequence[Sequence[float]]


def shares(rows: Rows) -> list[list[float]]:
    """x_{i,t} d_t / Σ_k x_{k,t},  over the d_t rows that are long enough; the mean is 1.

    Where the sum is 0, every share is 1.
    """
    longest = max((len(row) for row in rows), default=0)
    found: list[list[float]] = [[] for _ in rows]
    for t in range(longest):
        alive = [i for i, row in enumerate(rows) if len(row) > t]
        total = sum(rows[i][t] for i in alive)
        for i in alive:
            found[i].append(rows[i][t] * len(alive) / total if total > 0 else 1.0)
    return found


def inverse(rows: Rows, least: float = 1e-6) -> list[list[float]]:
    """1 / max(x, `least`) for every entry."""
    return [[1 / max(x, least) for x in row] for row in rows]

"""Rows in a line, each with the place from which on it may be drawn."""

from collections.abc import Sequence
from math import inf


class WaitingRows:
    """The rows of a line by the place from which on each may be drawn; −∞: any.

    A tree of minima, so that `first` and `release` take time O(log n).
    """

    def __init__(self, places: Sequence[float]) -> None:
        self._size = 1 << max(len(places) - 1, 0).bit_length()
        self._least = [inf] * self._size + [*places] + [inf] * (self._size - len(places))
        for node in reversed(range(1, self._size)):
            self._least[node] = min(self._least[2 * node], self._least[2 * node + 1])

    def release(self, row: int, place: float) -> None:
        """Let a row of the line be drawn from this place on."""
        node = row + self._size
        self._least[node] = place
        while node > 1:
            node //= 2
            self._least[node] = min(self._least[2 * node], self._least[2 * node + 1])

    def first(self, start: int, place: int) -> int | None:
        """The first row of the line, from `start` on, that may be drawn at this place."""
        node = start + self._size
        while start < self._size:
            while not node % 2:
                node //= 2
            if self._least[node] <= place:
                return self._below(node, place) - self._size
            node += 1
            if node & -node == node:  # behind the last of a level
                break
        return None

    def _below(self, node: int, place: int) -> int:
        while node < self._size:
            node *= 2
            node += self._least[node] > place
        return node

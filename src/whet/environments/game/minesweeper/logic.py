"""What follows from the open cells of a minefield."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

Groups = Mapping[frozenset[int], int]  # sets of closed cells, and the mines in each
Logic = Callable[[Groups], tuple[frozenset[int], frozenset[int]]]  # safe cells, and mines


@dataclass(frozen=True, slots=True)
class Field:
    """A square of cells, row by row, some of them mines."""

    size: int
    mines: frozenset[int]

    def around(self, cell: int) -> Iterator[int]:
        """The neighbours of a cell."""
        row, column = divmod(cell, self.size)
        for down, right in product((-1, 0, 1), repeat=2):
            there = (row + down, column + right)
            if (down or right) and all(0 <= place < self.size for place in there):
                yield there[0] * self.size + there[1]

    def number(self, cell: int) -> int:
        """The mines next to a cell."""
        return sum(one in self.mines for one in self.around(cell))

    def opened(self, cell: int, seen: frozenset[int]) -> frozenset[int]:
        """The open cells after one is opened: around a 0 all are opened, too."""
        found, ahead = {*seen, cell}, [cell]
        while ahead:
            if self.number(here := ahead.pop()) == 0:
                fresh = [one for one in self.around(here) if one not in found]
                found.update(fresh)
                ahead.extend(fresh)
        return frozenset(found)

    def groups(self, seen: frozenset[int]) -> Groups:
        """The closed neighbours of each open number."""
        found = {frozenset(self.around(c)) - seen: self.number(c) for c in sorted(seen)}
        return {cells: mines for cells, mines in found.items() if cells}


def singles(groups: Groups) -> tuple[frozenset[int], frozenset[int]]:
    """Safe cells and mines that follow from numbers one by one, until nothing new does.

    A number whose mines are known has safe neighbours. One with no more closed neighbours than
    mines has mines alone.
    """
    safe: frozenset[int] = frozenset()
    mines: frozenset[int] = frozenset()
    while True:
        left = {cells - safe - mines: count - len(cells & mines) for cells, count in groups.items()}
        fresh_safe = _union(cells for cells, count in left.items() if count == 0)
        fresh_mines = _union(cells for cells, count in left.items() if count == len(cells))
        if not fresh_safe and not fresh_mines:
            return safe, mines
        safe, mines = safe | fresh_safe, mines | fresh_mines


def pairs(groups: Groups) -> tuple[frozenset[int], frozenset[int]]:
    """Safe cells and mines that follow from numbers one by one, and from two of them.

    Where the closed neighbours of one number are among those of another, the rest of these has the
    difference of their mines.
    """
    known: dict[frozenset[int], int] = dict(groups)
    while True:
        safe, mines = singles(known)
        left = {cells - safe - mines: count - len(cells & mines) for cells, count in known.items()}
        found = {
            more - less: left[more] - left[less] for more in left for less in left if less < more
        }
        fresh = {cells: count for cells, count in found.items() if cells not in known}
        if not fresh:
            return safe, mines
        known |= fresh


def solved(field: Field, seen: frozenset[int], logic: Logic) -> bool:
    """True if all safe cells can be opened without a guess."""
    while len(seen) + len(field.mines) < field.size**2:
        safe, _ = logic(field.groups(seen))
        if not safe:
            return False
        for cell in sorted(safe):
            seen = field.opened(cell, seen)
    return True


def _union(sets: Iterable[frozenset[int]]) -> frozenset[int]:
    return frozenset[int]().union(*sets)

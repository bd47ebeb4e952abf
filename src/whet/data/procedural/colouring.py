"""Colour a graph with three colours, so that neighbours differ.

`ab ac bd cd=`  →  `1;1 2;1 2 2;1 2 2 1;#1 2 2 1`
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product
from random import Random
from typing import ClassVar

from whet.data.procedural.growth import followed, grown
from whet.data.procedural.levels import check_level
from whet.rewards.verifiable.colouring import clash
from whet.types import Step, Task

_NAMES = "abcdefgh"
_COLOURS = "123"
_ALIKE = 6  # permutations of three colours


@dataclass(frozen=True, slots=True, kw_only=True)
class Colouring:
    """A colour from 1 to 3 per node, in alphabetical order; the level is the number of nodes.

    There are enough edges to leave one colouring, up to permutations of the colours.
    """

    levels: ClassVar[tuple[int, int]] = (6, 8)
    alphabet: ClassVar[str] = "0123456789 =;#" + _NAMES

    def draw(self, rng: Random, level: int) -> Task:
        """Random edges that a hidden colouring permits, until it is the only one."""
        check_level("colouring", level, self.levels)
        names = _NAMES[:level]
        while True:
            hidden = tuple(rng.choice(_COLOURS) for _ in names)
            edges = _edges(rng, hidden)
            if edges:
                break
        prompt = f"{' '.join(sorted(edges))}="
        info = {"family": "colouring", "level": level, "verifier": "colouring", "nodes": level}
        info |= {"colours": len(_COLOURS), "edges": prompt.removesuffix("=")}
        answer = " ".join(hidden)
        return Task(id=f"colouring/{prompt}", prompt=prompt, answer=answer, info=info)

    def canonical(self, task: Task) -> str:
        """The prompt itself: its edges are sorted, and names denote positions."""
        return str(task.prompt)

    def worked(self, task: Task, rng: Random, keep: float = 1.0) -> str:
        """The prefixes of the answer, then the answer."""
        return grown(task.answer, rng, keep)

    def steps(self, task: Task, reply: str) -> tuple[Step, ...]:
        """Check whether some colouring starts with each prefix."""
        edges = tuple(str(task.info["edges"]).split(" "))
        return followed(_Graph(edges=edges, nodes=task.info["nodes"]), reply)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Graph:
    edges: tuple[str, ...]
    nodes: int

    @property
    def width(self) -> int:
        return 1

    def leads(self, moves: tuple[str, ...]) -> bool:
        left = self.nodes - len(moves)
        if left < 0 or not self._fits(moves):
            return False
        return not left or any(self.leads((*moves, colour)) for colour in _COLOURS)

    def solved(self, moves: tuple[str, ...]) -> bool:
        return len(moves) == self.nodes and self._fits(moves)

    def _fits(self, moves: tuple[str, ...]) -> bool:
        given = dict(zip(_NAMES, moves, strict=False))
        return set(moves) <= set(_COLOURS) and not clash(self.edges, given)


def _edges(rng: Random, hidden: tuple[str, ...]) -> list[str]:
    """Edges that leave one colouring; empty if no edges do."""
    alike = _alike(len(hidden))
    left = (1 << len(_COLOURS) ** len(hidden)) - 1
    pairs = list(alike)
    rng.shuffle(pairs)
    edges = []
    for a, b in pairs:
        if hidden[a] != hidden[b] and left & alike[a, b]:
            left &= ~alike[a, b]
            edges.append(_NAMES[a] + _NAMES[b])
    return edges if left.bit_count() == _ALIKE else []


@lru_cache(maxsize=8)
def _alike(count: int) -> dict[tuple[int, int], int]:
    """For each pair of nodes, the colourings that give both the same colour, as bits."""
    all_of_them = list(enumerate(product(_COLOURS, repeat=count)))
    return {
        (a, b): sum(1 << place for place, colours in all_of_them if colours[a] == colours[b])
        for a, b in combinations(range(count), 2)
    }

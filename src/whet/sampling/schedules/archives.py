"""The earlier solutions of one task, as a tree of what began from what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Any


@dataclass(slots=True)
class Solution:
    """A solution, its reward, and what came of the plays that began from it."""

    id: int  # 0: the empty solution, from which a play of the bare task begins
    reply: str
    reward: float
    ancestors: list[int]  # the parent last
    visits: int = 0  # of it and of its descendants
    best: float | None = None  # largest reward of its children


@dataclass(slots=True)
class Archive:
    """The solutions of a task, the empty one first, and the number of its visits."""

    solutions: list[Solution]
    visits: int = 0
    made: int = 1  # solutions so far
    blocked: set[int] = field(default_factory=set)  # lineages that this step has begun from

    @classmethod
    def empty(cls, start: float) -> "Archive":
        """An archive of the empty solution alone."""
        return cls([Solution(0, "", start, [])])

    @property
    def best(self) -> float | None:
        """The largest reward of a solution; None if there is none yet."""
        return max((s.reward for s in self.solutions[1:]), default=None)

    def scores(self, c: float) -> list[float]:
        """Q + c · scale · P · sqrt(1 + T) / (1 + n) of every solution."""
        rewards = [solution.reward for solution in self.solutions]
        found = rewards[1:] or rewards
        scale, count = max(max(found) - min(found), 1e-6), len(rewards)
        order = sorted(range(count), key=lambda i: -rewards[i])
        rank = {place: i for i, place in enumerate(order)}
        scores = []
        for i, solution in enumerate(self.solutions):
            quality = solution.reward if solution.best is None else solution.best
            prior = (count - rank[i]) / (count * (count + 1) / 2)
            bonus = c * scale * prior * sqrt(1 + self.visits) / (1 + solution.visits)
            scores.append(quality + bonus)
        return scores

    def solution(self, number: int) -> Solution:
        """The solution of this id; the empty one if it has left."""
        return next((s for s in self.solutions if s.id == number), self.solutions[0])

    def choose(self, c: float) -> Solution:
        """The solution of the largest score; equal ones by their rewards, the older ones first."""
        scores = self.scores(c)
        free = [i for i, s in enumerate(self.solutions) if s.id not in self.blocked]
        places = free or range(len(scores))
        chosen = self.solutions[
            max(places, key=lambda i: (scores[i], self.solutions[i].reward, -self.solutions[i].id))
        ]
        self.blocked |= {chosen.id, *chosen.ancestors}
        self.blocked |= {s.id for s in self.solutions if chosen.id in s.ancestors}
        return chosen

    def expand(self, parent: int, found: Iterable[tuple[float, str]], keep: int) -> None:
        """Count a visit of `parent`, and store the best new solutions of it.

        `found` has rewards with their replies; an empty reply is counted, and not stored.
        """
        known = {solution.id: solution for solution in self.solutions}
        origin, rewards = known[parent], sorted(found, key=lambda pair: -pair[0])
        best = rewards[0][0]
        origin.best = best if origin.best is None else max(origin.best, best)
        self.visits += 1
        for one in (parent, *origin.ancestors):
            if one in known:
                known[one].visits += 1
        replies = {solution.reply for solution in self.solutions}
        for reward, reply in rewards:
            if keep and reply and reply not in replies:
                lineage = [*origin.ancestors, parent]
                self.solutions.append(Solution(self.made, reply, reward, lineage))
                self.made, keep = self.made + 1, keep - 1
                replies.add(reply)

    def trim(self, capacity: int) -> None:
        """End a step: keep the best solutions, besides the empty one; all may be chosen again."""
        best = sorted(self.solutions[1:], key=lambda s: -s.reward)[:capacity]
        self.solutions = [self.solutions[0], *sorted(best, key=lambda s: s.id)]
        self.blocked = set()

    def state_dict(self) -> dict[str, Any]:
        """All solutions, as they are between two steps."""
        rows = [[s.id, s.reply, s.reward, s.ancestors, s.visits, s.best] for s in self.solutions]
        return {"solutions": rows, "visits": self.visits, "made": self.made}

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> "Archive":
        """The archive that `state_dict` was asked of."""
        solutions = [Solution(*row) for row in state["solutions"]]
        return cls(solutions, state["visits"], state["made"])

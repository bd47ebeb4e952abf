"""Trees of turns: agents' plays that fork between two replies."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from whet.protocols import OpenPlays, Shape
from whet.sampling.structured.growing import (
    check_counts,
    extended,
    failed,
    fork,
    one_turn,
    together,
)
from whet.types import Play, Request, Rollout, RunSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnTree(Shape):
    """M chains; then `rounds` times, each tree is continued from `points` random turns.

    A play is a chain and the root of its tree. A node is one reply with the observation behind it
    (thought, action, observation). In each round `points` nodes of a tree are drawn with
    replacement, the prompt among them and last replies not, and each gets `continuations` new
    plays from there on. So a play has 1 + L·N·k leaves. In a world of one turn all of them begin
    at the prompt.

    Tree-GRPO (arXiv:2509.21240, code read): `sampling.size.rollouts` 2, `points` 2, `rounds` 1, one
    continuation per drawn node, and 3 leaves kept per tree, which are all. The defaults are these.

    A node saves the tokens and the calls of tools before it: its position in the chain, half of it
    on average. Each round waits for the longest play of the round before. The environment is
    played again with the recorded replies, so it has to answer as before.
    """

    points: int = 2  # N
    rounds: int = 1  # L
    continuations: int = 1  # of each drawn node

    def __post_init__(self) -> None:
        check_counts(1, points=self.points, rounds=self.rounds, continuations=self.continuations)

    def run_warning(self, spec: RunSpec) -> str:
        """A warning in worlds of one reply."""
        return one_turn(self, spec)

    def leaves(self, plays: int) -> int:
        """M · (1 + L·N·k)."""
        return plays * (1 + self.rounds * self.points * self.continuations)

    async def roll(self, request: Request, plays: OpenPlays) -> list[Rollout]:
        return await together([self._tree(play, plays) for play in request.plays])

    async def _tree(self, play: Play, plays: OpenPlays) -> list[Rollout]:
        leaves = await extended(plays, [play])
        born: Counter[tuple[int, int]] = Counter()  # children so far, by node
        for number in range(self.rounds):
            rng = Random(repr(("turn tree", play.seed, number)))
            nodes = rng.choices(_nodes(leaves), k=self.points)
            asked: list[Play] = []
            for index, at in (node for node in nodes for _ in range(self.continuations)):
                asked.append(fork(play, leaves[index], at, born[index, at]))
                born[index, at] += 1
            leaves += await extended(plays, asked)
        return leaves


def _nodes(leaves: Sequence[Rollout]) -> list[tuple[int, int]]:
    """The prompt and the starts of later replies: index of a leaf, and sampled tokens before.

    Each start is that of the leaf that first had it.
    """
    starts = [
        (index, said.start)
        for index, leaf in enumerate(leaves)
        if not failed(leaf)
        for said in leaf.spoken[1:]
        if said.start > leaf.forked_at
    ]
    return [(0, 0), *starts]

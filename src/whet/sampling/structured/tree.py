"""Full trees: every path forks after fixed numbers of tokens."""

from dataclasses import dataclass, replace
from math import prod

from whet.protocols import OpenPlays, Shape
from whet.sampling.structured.growing import fork, grown, together
from whet.sampling.structured.rooting import rooted
from whet.types import Play, Request, Rollout, RunSpec, UsageError, seed_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree(Shape):
    """A full tree per play: b_1 paths from the prompt, and b_d from the end of each segment.

    A path of level d is sampled for `segments[d]` tokens, and then forked into `branches[d + 1]`
    paths. The paths of the last level go on to the end. A path that ends early is one leaf, so that
    a play has b_1 · … · b_D leaves at most. Segments count sampled tokens, over several replies.

    SPO-tree (arXiv:2505.23564) has `branches` 6,6,6 and `segments` 30,30; these are the defaults,
    as in its released script. TreeRPO (arXiv:2506.05183) has 8,8,8 with segments of a fixed length
    (from memory, length unconfirmed). Both have one tree per task: give `sampling.size.rollouts` 1.

    It costs U = Σ_d b_1…b_d · s_d decoded tokens (`balanced_costs`): with 170 tokens in
    the last level, 37,980 for 216 leaves; chains decode 49,680. The levels are played one after the
    other, and only the last ones fill the decoding batch. The leaves of a subtree are correlated: m
    leaves of correlation ρ are worth m / (1 + (m − 1)ρ) independent ones.
    """

    branches: tuple[int, ...] = (6, 6, 6)
    segments: tuple[int, ...] = (30, 30)  # tokens of each level but the last

    def __post_init__(self) -> None:
        if not self.branches or min(self.branches) < 1:
            raise UsageError(
                f"sampling.shape.branches is {self.branches}; give one number of 1 or more per "
                "level"
            )
        if len(self.segments) != len(self.branches) - 1 or min(self.segments, default=1) < 1:
            raise UsageError(
                f"sampling.shape.segments is {self.segments}; give {len(self.branches) - 1} "
                f"numbers of 1 or more, for all but the last of {len(self.branches)} levels"
            )

    def leaves(self, plays: int) -> int:
        """The most rollouts; paths that end early make them fewer."""
        return plays * prod(self.branches)

    def run_warning(self, spec: RunSpec) -> str:
        if self.segments and self.segments[0] >= spec.max_new_tokens:
            return (
                f"sampling.shape.segments is {self.segments}, but a reply has at most "
                f"{spec.max_new_tokens} tokens, so the tree forks at the prompt alone; give less"
            )
        return ""

    async def roll(self, request: Request, plays: OpenPlays) -> list[Rollout]:
        return await together([self._tree(play, plays) for play in request.plays])

    async def _tree(self, play: Play, plays: OpenPlays) -> list[Rollout]:
        families = [self._from_prompt(play)]
        leaves: list[Rollout] = []
        inner: list[Rollout] = []
        for level in range(len(self.branches)):
            shoots = [shoot for family in await grown(plays, families) for shoot in family]
            paused = [shoot.rollout for shoot in shoots if shoot.paused]
            leaves += [shoot.rollout for shoot in shoots if not shoot.paused]
            inner += paused
            families = [self._forks(play, rollout, level + 1) for rollout in paused]
            if not families:
                break
        return rooted(leaves, inner)

    def _from_prompt(self, play: Play) -> list[Play]:
        pause = self._pause(len(play.prefix), 0)
        return [
            replace(play, seed=seed_of(play.seed, 0, child), pause_at=pause)
            for child in range(self.branches[0])
        ]

    def _forks(self, play: Play, rollout: Rollout, level: int) -> list[Play]:
        pause = self._pause(rollout.length, level)
        return [
            replace(fork(play, rollout, rollout.length, child), pause_at=pause)
            for child in range(self.branches[level])
        ]

    def _pause(self, length: int, level: int) -> int:
        return length + self.segments[level] if level < len(self.segments) else 0

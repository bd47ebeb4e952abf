"""Trees that fork where the policy was most uncertain."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from whet.protocols import OpenPlays, Shape
from whet.sampling.structured.branch_places import AnyToken, ForkPlaces
from whet.sampling.structured.growing import check_counts, extended, failed, fork, together
from whet.sampling.structured.points import after_marks, branch_points
from whet.sampling.structured.token_scores import Surprisal, Uncertainty
from whet.types import Play, Request, Rollout

_Point = tuple[float, int, int]  # negative score, index of the leaf, sampled tokens before it


@dataclass(frozen=True, slots=True, kw_only=True)
class EntropyTree(Shape):
    """M chains, and in each round continuations from before the most uncertain tokens.

    A play is a chain and the root of its tree. In each round, the N tokens of the highest `score`
    among all tokens of a tree get T continuations each, which begin before that token. So a play
    has 1 + L·N·T leaves; fewer where its tokens don't suffice. Points are `min_gap` tokens apart.
    The first `skip_first` tokens of a branch, forced tokens, and all tokens behind a word of
    `answer_marks` are excluded, because the highest scores stand at first tokens and in the form
    of the answer.

    TreeRL (arXiv:2506.11902, code read): `sampling.size.rollouts` 6, `points` 2, `rounds` 1,
    `continuations` 2, `score` surprisal, no gap: 30 leaves, of which it trains on 16. The defaults
    are these, with a gap. FR3E (arXiv:2507.07017, from memory): `sampling.size.rollouts` 1,
    `points` 3 to 8, `continuations` 4, `score` distribution_entropy, `places` line_starts.

    A branch pays for its whole suffix, so the saved share of a branch is its position in the
    chain. Each round waits for the longest continuation of the round before.
    """

    points: int = 2  # N
    rounds: int = 1  # L
    continuations: int = 2  # T
    score: Uncertainty = Surprisal()
    places: ForkPlaces = AnyToken()
    min_gap: int = 8
    skip_first: int = 1
    answer_marks: tuple[str, ...] = ("answer", "conclusion")

    def __post_init__(self) -> None:
        check_counts(
            1,
            points=self.points,
            rounds=self.rounds,
            continuations=self.continuations,
            min_gap=self.min_gap,
        )
        check_counts(0, skip_first=self.skip_first)

    def leaves(self, plays: int) -> int:
        """The most rollouts; short replies make them fewer."""
        return plays * (1 + self.rounds * self.points * self.continuations)

    async def roll(self, request: Request, plays: OpenPlays) -> list[Rollout]:
        return await together([self._tree(play, plays) for play in request.plays])

    async def _tree(self, play: Play, plays: OpenPlays) -> list[Rollout]:
        leaves = await extended(plays, [play])
        taken: dict[str, list[int]] = defaultdict(list)
        for _ in range(self.rounds):
            asked: list[Play] = []
            for _, index, at in self._best(leaves, taken):
                taken[leaves[index].id].append(at)
                asked += [fork(play, leaves[index], at, n) for n in range(self.continuations)]
            if not asked:
                break
            leaves += await extended(plays, asked)
        return leaves

    def _best(self, leaves: Sequence[Rollout], taken: Mapping[str, Sequence[int]]) -> list[_Point]:
        """The best points of a tree; each token is looked at in the rollout that sampled it."""
        found: list[_Point] = []
        for index, leaf in enumerate(leaves):
            if not failed(leaf):
                found += self._of(leaf, index, taken.get(leaf.id, ()))
        return sorted(found)[: self.points]

    def _of(self, leaf: Rollout, index: int, taken: Sequence[int]) -> list[_Point]:
        """The best points of one rollout, among the tokens that it does not share."""
        start = max(leaf.forked_at, leaf.forced_len)
        scores = self.places(leaf, self.score(leaf))
        mask = ~leaf.external & ~after_marks(leaf, self.answer_marks) & np.isfinite(scores)
        for place in taken:
            mask[max(0, place - self.min_gap + 1) : place + self.min_gap] = False
        places = branch_points(
            scores[start:],
            mask[start:],
            self.points,
            min_gap=self.min_gap,
            skip_first=self.skip_first,
        )
        return [(-float(scores[start + n]), index, start + n) for n in places]

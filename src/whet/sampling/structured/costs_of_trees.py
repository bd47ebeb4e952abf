"""Numbers of decoded tokens: a tree compared with independent chains."""

from collections.abc import Sequence
from itertools import accumulate
from operator import mul
from typing import NamedTuple

from whet.types import Rollout


class TokenCosts(NamedTuple):
    """Decoded tokens of a tree, and of as many independent chains of the same lengths."""

    tree: int
    chains: int

    @property
    def saving(self) -> float:
        """1 − tree / chains; 0 where nothing was decoded."""
        return 1 - self.tree / self.chains if self.chains else 0.0


def balanced_costs(branches: Sequence[int], segments: Sequence[int]) -> TokenCosts:
    """Costs of a tree in which every path has these segments of tokens, one per level.

    U = Σ_d b_1…b_d · s_d, and chains decode b_1…b_D · Σ_d s_d. With D equal segments and one factor
    b, U / chains = b / (b − 1) · (1 − b^−D) / D.
    """
    nodes = list(accumulate(branches, mul))
    tree = sum(count * size for count, size in zip(nodes, segments, strict=True))
    return TokenCosts(tree, nodes[-1] * sum(segments))


def sampled_costs(leaves: Sequence[Rollout]) -> TokenCosts:
    """Costs of sampled leaves: every token of a tree counts once, however many leaves share it.

    External tokens are not decoded. The parents of the leaves have to be among them.
    """
    own = sum(int((~leaf.external)[leaf.forked_at :].sum()) for leaf in leaves)
    return TokenCosts(own, sum(int((~leaf.external).sum()) for leaf in leaves))

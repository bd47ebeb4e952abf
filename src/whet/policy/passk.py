"""Advantages of those who will be asked k times: only the best of k counts."""

from collections.abc import Callable
from dataclasses import dataclass
from math import comb, sqrt
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from whet.policy.arithmetic import mean_within
from whet.types import Need, Refusal, Scores


def _at_least(owner: str, k: int, least: int) -> None:
    if k < least:
        raise Refusal(f"{owner}.k is {k}; give {least} or more")


def _each_group(scores: Scores, worth: Callable[[list[float]], list[float]]) -> Float[Tensor, " N"]:
    """Rewards in, advantages out, one group at a time."""
    found = scores.reward.clone()
    for group in scores.group.unique().tolist():
        mine = scores.group == group
        found[mine] = found.new_tensor(worth(scores.reward[mine].tolist()))
    return found[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassAtK:
    """Pass@k training (arXiv:2508.10751).  Of n replies c are right.

    ρ = 1 − C(n−c, k) / C(n, k),   σ = √(ρ (1 − ρ))
    Â₊ = (1 − ρ) / σ,   Â₋ = (1 − ρ − C(n−c−1, k−1) / C(n−1, k−1)) / σ;  both 0 where σ = 0

    A reply is right where its reward is above the group's mean: of two values, the higher.  With
    fewer than k wrong replies nothing is learned.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    k: int = 4

    def __post_init__(self) -> None:
        """Refuse to be asked never."""
        _at_least("pass_at_k", self.k, 1)

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        right = scores.reward > mean_within(scores.reward, scores.group)
        marked = Scores(reward=right.to(scores.reward), group=scores.group, row=scores.row)
        return _each_group(marked, self._worth)

    def _worth(self, right: list[float]) -> list[float]:
        n, c, k = len(right), int(sum(right)), self.k
        if n - c < k or c == 0:
            return [0.0] * n
        fail = comb(n - c, k) / comb(n, k)  # 1 − ρ
        deviation = sqrt(fail * (1 - fail))
        with_me = comb(n - c - 1, k - 1) / comb(n - 1, k - 1)
        return [(fail if mine else fail - with_me) / deviation for mine in right]


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxReward:
    """PKPO (arXiv:2505.15201): the gradient of the expected best of k, unbiased.

    s_i = (1 / C(n, k)) Σ_{S ∋ i, |S| = k} max_{j ∈ S} R_j,   Â_i = s_i − mean_{j≠i}(s_j)

    For rewards of 0 and 1:  k/n where right, (k/n)(1 − C(n−1−c, k−1) / C(n−1, k−1)) where wrong.
    Smaller groups than k are taken as a whole.  The paper knows finer baselines; this one is the
    plain leave-one-out.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    k: int = 4

    def __post_init__(self) -> None:
        """Refuse to be asked never."""
        _at_least("pkpo", self.k, 1)

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        return _each_group(scores, self._worth)

    def _worth(self, rewards: list[float]) -> list[float]:
        n = len(rewards)
        if n == 1:
            return [0.0]
        centred = [reward - sum(rewards) / n for reward in rewards]  # a shift adds k/n to all
        sums = best_of(centred, min(self.k, n))
        return [(s - sum(sums) / n) * n / (n - 1) for s in sums]


def best_of(rewards: list[float], k: int) -> list[float]:
    """s_i of each reward: the i-th smallest is the best of C(i−1, k−1) sets of k.

    Where the j-th is best instead, j > i, C(j−2, k−2) sets hold both.
    """
    n = len(rewards)
    order = sorted(range(n), key=rewards.__getitem__)
    found, above = [0.0] * n, 0.0
    for place in range(n - 1, -1, -1):
        reward = rewards[order[place]]
        found[order[place]] = (reward * comb(place, k - 1) + above) / comb(n, k)
        if k > 1 and place:
            above += reward * comb(place - 1, k - 2)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class BestOfGroup:
    """Only the best reply learns, by its lead (arXiv:2503.19595, unconfirmed; veRL's form).

    Â_i = R_i − max_{j≠i}(R_j)  for the one best reply, 0 for the others and where two are best.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})
    uncentred: ClassVar[str] = "only the best reply of a group has an advantage"

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        return _each_group(scores, self._worth)

    def _worth(self, rewards: list[float]) -> list[float]:
        if len(rewards) == 1:
            return [0.0]
        second, first = sorted(rewards)[-2:]
        return [first - second if reward == first else 0.0 for reward in rewards]

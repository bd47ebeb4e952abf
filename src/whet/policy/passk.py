"""Advantages for pass@k: the reward of a set of k replies is that of its best one."""

from collections.abc import Callable
from dataclasses import dataclass
from math import comb, sqrt
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from whet.policy.arithmetic import centred_within
from whet.protocols.algorithm import Advantage
from whet.types import AdvantageInputs, Need, RunSpec, UsageError, spread

_COUNTS = "it assumes independent replies, which leaves of one tree are not"


def _at_least(owner: str, k: int, least: int) -> None:
    if k < least:
        raise UsageError(f"{owner}.k is {k}; give {least} or more")


def _too_few(owner: str, k: int, samples: int, least: int) -> str:
    """Message if there are too few rollouts per task; `samples` is 0 if unknown."""
    if not 0 < samples < least:
        return ""
    return (
        f"{owner}.k is {k}, but a task has {samples} rollouts, so every advantage is 0; "
        f"sample {least} or more, or lower k"
    )


def _each_group(
    inputs: AdvantageInputs, worth: Callable[[list[float]], list[float]]
) -> Float[Tensor, " N"]:
    """Apply a function from rewards to advantages to each group."""
    found = inputs.reward.clone()
    for group in inputs.group.unique().tolist():
        mine = inputs.group == group
        found[mine] = found.new_tensor(worth(inputs.reward[mine].tolist()))
    return found[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassAtK(Advantage):
    """Pass@k training (arXiv:2508.10751), for n replies of which c are correct.

    ρ = 1 − C(n−c, k) / C(n, k),   σ = √(ρ (1 − ρ))
    Â₊ = (1 − ρ) / σ,   Â₋ = (1 − ρ − C(n−c−1, k−1) / C(n−1, k−1)) / σ;  both 0 where σ = 0

    A reply counts as correct if its reward is above the group's mean: of two values, the higher.
    With fewer than k wrong replies every advantage is 0.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})
    why_leaves_differ: ClassVar[str] = _COUNTS

    k: int = 4

    def __post_init__(self) -> None:
        _at_least("pass_at_k", self.k, 1)

    def run_error(self, spec: RunSpec) -> str:
        """An error for k replies or fewer, where every advantage is 0."""
        return _too_few("pass_at_k", self.k, spec.samples, self.k + 1)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        right = centred_within(inputs.reward, inputs.group) > 0
        marked = AdvantageInputs(reward=right.to(inputs.reward), group=inputs.group, row=inputs.row)
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
class MaxReward(Advantage):
    """PKPO (arXiv:2505.15201): an unbiased gradient of the expected best of k.

    Â_i = (1 / C(n, k)) Σ_{S ∋ i, |S| = k} (max_{j ∈ S} R_j − max_{j ∈ S∖i} R_j)

    This is the gain of reply i in the sets of k that contain it. The baseline does not depend on
    reply i, so E[Σ_i Â_i ∇log π(y_i)] = ∇E[max of k]. It is the paper's leave-one-out form with k −
    1, which needs n ≥ k replies.

    For k = 1 the sets without i are empty, so Â_i = (R_i − mean_{j≠i}(R_j)) / n. If faults have
    left a group with fewer than k replies, k is the size of the group.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})
    why_leaves_differ: ClassVar[str] = _COUNTS
    why_uncentred: ClassVar[str] = "no advantage is negative for k > 1"

    k: int = 4

    def __post_init__(self) -> None:
        _at_least("pkpo", self.k, 1)

    def run_error(self, spec: RunSpec) -> str:
        """An error for fewer than k replies, which form no set of k."""
        return _too_few("pkpo", self.k, spec.samples, self.k)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        return _each_group(inputs, self._worth)

    def _worth(self, rewards: list[float]) -> list[float]:
        n = len(rewards)
        if self.k == 1:
            total, flat = sum(rewards), not spread(rewards)
            return [0.0 if flat else (r - (total - r) / (n - 1)) / n for r in rewards]
        return added(rewards, min(self.k, n))


def added(rewards: list[float], k: int) -> list[float]:
    """The gain of each reward in the best of all sets of k > 1, as a mean over all sets.

    In ascending order, the gap below position p counts in every set with its best at p or above and
    the others below p: Â_p = Â_{p−1} + (R_p − R_{p−1}) C(p, k−1) / C(n, k).
    """
    n = len(rewards)
    order = sorted(range(n), key=rewards.__getitem__)
    found, height = [0.0] * n, 0.0
    for place in range(1, n):
        gap = spread([rewards[order[place - 1]], rewards[order[place]]])
        height += gap * comb(place, k - 1) / comb(n, k)
        found[order[place]] = height
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class BestOfGroup(Advantage):
    """The best reply's lead over the second best (arXiv:2503.19595, unconfirmed; veRL's form).

    Â_i = R_i − max_{j≠i}(R_j)  for the best reply, 0 for the others and where two are best
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})
    why_leaves_differ: ClassVar[str] = _COUNTS
    why_uncentred: ClassVar[str] = "only the best reply of a group has an advantage"

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        return _each_group(inputs, self._worth)

    def _worth(self, rewards: list[float]) -> list[float]:
        if len(rewards) == 1:
            return [0.0]
        second, first = sorted(rewards)[-2:]
        return [spread([first, second]) if reward == first else 0.0 for reward in rewards]

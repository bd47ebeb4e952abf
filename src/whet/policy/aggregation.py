"""Aggregations: the weight w_n of every token in J = Σ_n w_n (…)_n.

A weight depends on the token's own rollout, which no slice cuts, and on the totals of the global
batch. So a token has the same weight in every slice, and the losses of micro-batches and ranks add
up.

In a tree a token's weight v (`policy.sharing`) multiplies w, and every count is a sum of v: N = Σ
v, and B is the sum of the rollouts' weights. So n leaves that share all tokens weigh as much as one
rollout.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from whet.policy.arithmetic import size_within
from whet.policy.domains import COUNT, check
from whet.protocols.algorithm import Aggregation
from whet.types import Batch, RunSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenMean(Aggregation):
    """DAPO (arXiv:2503.14476): the mean over all tokens of the batch. w_n = 1 / N."""

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        return batch.weight / batch.totals.tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedTokenMean(Aggregation):
    """The mean over the tokens that the term selects. w_n = 1 / N_selected."""

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        sizes = batch.selected or batch.totals
        return batch.weight / (sizes.tokens or 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTokenMean(Aggregation):
    """CPGD (arXiv:2505.12504): the mean over groups of the mean over a group's N_g tokens.

    w_n = 1 / (G N_g)
    """

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        if batch.group_tokens is None:
            raise ValueError("GroupTokenMean needs batch.group_tokens: call Batch.counted() first")
        size = batch.totals.groups * batch.group_tokens[batch.row]
        return batch.weight / size


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceMean(Aggregation):
    """GRPO (arXiv:2402.03300): the mean over rollouts of the mean over tokens. w_n = 1 / (B |y_n|).

    In a tree w_n = u v_n / (B |y_n|): v the tokens' weights, |y_n| = Σ v over the rollout, u the
    weight of the rollout and B = Σ u.
    """

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        size = batch.totals.rollouts * size_within(batch.row, batch.tree_weight)
        if batch.rollout_weight is None:
            return batch.weight / size
        return batch.rollout_weight.to(batch.advantage)[batch.row] * batch.weight / size


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceSum(Aggregation):
    """REINFORCE: the mean over rollouts of the sum over tokens. w_n = 1 / B."""

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        return batch.weight / batch.totals.rollouts


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedLength(Aggregation):
    """Dr. GRPO (arXiv:2503.20783): a constant length for all replies. w_n = 1 / (B L)."""

    length: int

    def __post_init__(self) -> None:
        check(self, length=COUNT)

    def run_warning(self, spec: RunSpec) -> str:
        """A warning if L is below the length limit of replies."""
        longest = spec.max_new_tokens
        if self.length >= longest:
            return ""
        return (
            f"FixedLength.length is {self.length}, but replies may have {longest} tokens: "
            f"a reply of more tokens weighs more than 1/B; Dr. GRPO takes {longest}"
        )

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        return batch.weight / (batch.totals.rollouts * self.length)

"""Aggregations: a measure over tokens.  J = Σ_n w_n (…)_n.

A weight knows its own rollout, which no slice cuts, and the totals of the whole batch; hence a
token weighs the same in every slice, and the losses of micro-batches and ranks simply add.

In a tree a token's weight v (`policy.sharing`) multiplies w, and every size is a sum of v: N = Σ v,
B the sum of the rollouts' weights.  So n leaves that share everything weigh what one rollout does.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from whet.policy.arithmetic import size_within
from whet.protocols.algorithm import Aggregation
from whet.types import Batch, RunSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenMean(Aggregation):
    """DAPO (arXiv:2503.14476).  w_n = 1 / N."""

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        return batch.weight / batch.totals.tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedTokenMean(Aggregation):
    """The mean over the tokens that the term is about.  w_n = 1 / N_selected."""

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        sizes = batch.selected or batch.totals
        return batch.weight / (sizes.tokens or 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTokenMean(Aggregation):
    """CPGD (arXiv:2505.12504).  w_n = 1 / (G N_g),  N_g the tokens of the token's group."""

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        if batch.group_tokens is None:
            raise ValueError("GroupTokenMean needs batch.group_tokens: count the batch first")
        size = batch.totals.groups * batch.group_tokens[batch.row]
        return batch.weight / size


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceMean(Aggregation):
    """GRPO (arXiv:2402.03300).  w_n = 1 / (B |y_n|),  |y_n| the length of the token's rollout.

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
    """REINFORCE: a rollout is the sum of its tokens.  w_n = 1 / B."""

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        return batch.weight / batch.totals.rollouts


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedLength(Aggregation):
    """Dr. GRPO (arXiv:2503.20783): a length that no answer can change.  w_n = 1 / (B L)."""

    length: int

    def run_warning(self, spec: RunSpec) -> str:
        """A constant may be any; one below the longest reply no longer is a mean's."""
        longest = spec.max_new_tokens
        if self.length >= longest:
            return ""
        return (
            f"FixedLength.length is {self.length}, but replies may have {longest} tokens: "
            f"a long reply weighs more than 1/B; {longest} is Dr. GRPO's choice"
        )

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        return batch.weight / (batch.totals.rollouts * self.length)

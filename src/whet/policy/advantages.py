"""Advantages: one number Â_n per sampled token, computed from rewards, without a gradient."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whet.policy.arithmetic import (
    centred,
    centred_within,
    count_within,
    deviation_within,
    difference,
    places,
    reward_to_go,
    size_within,
)
from whet.policy.domains import AT_LEAST_0, FINITE, POSITIVE, SHARE, Domain, check
from whet.protocols.algorithm import Advantage
from whet.types import AdvantageInputs, Need, RunSpec

_FEW = 4  # below this, a group's deviation is a poor estimate; the bound is ours

_DDOF = Domain(lambda x: x in (0, 1), "give 0 or 1")


def _apart(inputs: AdvantageInputs) -> Float[Tensor, " B"]:
    """R_i − mean(R) over the group; in a tree each rollout counts by its weight."""
    return centred_within(inputs.reward, inputs.group, inputs.rollout_weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardOnly(Advantage):
    """The reward itself, without a baseline. Â_n = R_i. Demonstrations have reward 1."""

    shift_sensitive: ClassVar[bool] = True  # no baseline cancels a shift of all rewards

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        return inputs.reward[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCorrectness(Advantage):
    """Correctness instead of the reward. Â_n = ±1 − baseline, + where `correct`."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.CORRECTNESS})

    baseline: float = 0.0

    def __post_init__(self) -> None:
        check(self, baseline=FINITE)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        if inputs.correct is None:
            raise ValueError(
                "SignedCorrectness needs inputs.correct: give the run a reward that sets `correct`"
            )
        label = 2.0 * inputs.correct.to(inputs.reward.dtype) - 1.0
        return (label - self.baseline)[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCentred(Advantage):
    """REINFORCE with the batch's mean reward as baseline (Williams 1992). Â_n = R_i − mean(R).

    The mean contains R_i itself, which scales the expected gradient by (B − 1)/B. Rollouts of a
    group with equal rewards are compared with other groups, so they have an advantage.
    """

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        return centred(inputs.reward, inputs.rollout_weight).apart[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Centred(Advantage):
    """Dr. GRPO (arXiv:2503.20783): the group's mean as baseline. Â_n = R_i − mean(R)."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        return _apart(inputs)[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standardised(Advantage):
    """GRPO (arXiv:2402.03300): z-score of the reward in its group.

    Â_n = (R_i − mean(R)) / (std(R) + ε)

    The paper doesn't say which deviation it means; the frameworks divide by n − 1.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    epsilon: float = 1e-6
    ddof: int = 1  # var = Σ (R − mean)² / (n − ddof); 0: population variance

    def __post_init__(self) -> None:
        check(self, epsilon=AT_LEAST_0, ddof=_DDOF)

    def run_warning(self, spec: RunSpec) -> str:
        """A warning for groups that are too small to estimate a standard deviation."""
        if not 1 < spec.samples < _FEW:
            return ""
        return (
            f"Standardised divides by the deviation of {spec.samples} rewards per task, "
            f"a poor estimate; sample {_FEW} or more, or take Centred"
        )

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        apart, weight = _apart(inputs), inputs.rollout_weight
        divisor = (size_within(inputs.group, weight) - self.ddof).clamp(min=1)
        deviation = deviation_within(apart, inputs.group, divisor, weight)
        divisor = deviation + self.epsilon
        return (apart / torch.where(divisor > 0, divisor, 1.0))[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveOneOut(Advantage):
    """RLOO (arXiv:2402.14740): the others' mean as baseline.

    Â_n = R_i − mean_{j≠i}(R_j) = n/(n−1) (R_i − mean(R))
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        n = size_within(inputs.group, inputs.rollout_weight)
        return (_apart(inputs) * n / (n - 1).clamp(min=1))[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedAdvantage(Advantage):
    """Base class of advantages that transform another advantage, `inner`."""

    inner: Advantage

    @property
    def needs(self) -> frozenset[Need]:
        return self.inner.needs

    @property
    def per_token(self) -> bool:
        return self.inner.per_token

    def learned(self, inputs: AdvantageInputs) -> Bool[Tensor, " B"]:
        return self.inner.learned(inputs)


class _Among(NamedTuple):
    """The moments of the tokens that are learned, and the mask of those tokens."""

    apart: Float[Tensor, " n"]
    squares: Float[Tensor, ""]
    size: float
    mask: Bool[Tensor, " N"]


def _among_learned(inner: Advantage, inputs: AdvantageInputs) -> _Among:
    mask = inner.learned(inputs)[inputs.row]
    weight = None if inputs.tree_weight is None else inputs.tree_weight[mask]
    return _Among(*centred(inner(inputs)[mask], weight), mask)


def _spread(learned: Float[Tensor, " n"], mask: Bool[Tensor, " N"]) -> Float[Tensor, " N"]:
    """The advantages of the tokens of a mask; 0 for the others."""
    return learned.new_zeros(len(mask)).masked_scatter(mask, learned)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whitened(WrappedAdvantage):
    """Any advantage, normalised over all tokens of the batch (REINFORCE++, arXiv:2501.03262).

    Â_n ← (Â_n − mean) / √(var + ε)

    The variance is over n − 1, as in veRL and TRL. Mean and variance are over tokens, so long
    rollouts weigh more. Where `inner` has no group baseline, a group of equal rewards is compared
    with other groups, so it has an advantage.
    """

    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        check(self, epsilon=POSITIVE)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        apart, squares, size, among = _among_learned(self.inner, inputs)
        variance = squares / max(size - 1, 1)
        return _spread(apart / (variance + self.epsilon).sqrt(), among)


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardToGo(Advantage):
    """The outcome reward at the last token and a KL penalty at every token, summed to the end.

    Â_t = Σ_{s≥t} γ^{s−t} r_s,   r_s = 1[s last] R − β (log π_prox − log π_ref)(s)

    The penalty is k1 in the reward. Its policy gradient is that of KL(π‖π_ref).
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.REFERENCE})
    per_token: ClassVar[bool] = True  # from token to token

    beta: float
    discount: float = 1.0

    def __post_init__(self) -> None:
        check(self, beta=AT_LEAST_0, discount=SHARE)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        if inputs.reference_logp is None or inputs.proximal_logp is None:
            raise ValueError("RewardToGo needs reference_logp: give the learner a reference policy")
        turn = places(inputs.row).turn
        last = turn == count_within(inputs.row) - 1
        reward = inputs.reward[inputs.row] * last
        reward = reward - self.beta * (inputs.proximal_logp - inputs.reference_logp)
        return reward_to_go(reward, inputs.row, self.discount)


@dataclass(frozen=True, slots=True, kw_only=True)
class OverBaseline(Advantage):
    """A baseline from outside the group, e.g. ReMax's greedy rollout. Â_n = R_i − b_i."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.BASELINE})
    shift_sensitive: ClassVar[bool] = True

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        if inputs.baseline is None:
            raise ValueError(
                "OverBaseline needs inputs.baseline: add a companion such as RoleBaseline"
            )
        return difference(inputs.reward, inputs.baseline)[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCentredBatchScaled(Advantage):
    """LitePPO (arXiv:2508.08221): the group's mean, the batch's deviation.

    Â_n = (R_i − mean_group(R)) / (std_batch(R) + ε)

    The deviation is of raw rewards, over n − 1, as TRL's `scale_rewards="batch"`. The paper's ε is
    not confirmed; 1e-4 is TRL's.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    epsilon: float = 1e-4

    def __post_init__(self) -> None:
        check(self, epsilon=POSITIVE)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        _, squares, size = centred(inputs.reward, inputs.rollout_weight)
        deviation = (squares / max(size - 1, 1)).sqrt()
        return (_apart(inputs) / (deviation + self.epsilon))[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClampedStd:
    """Divisor √max(var, ε), as in OpenRLHF."""

    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        check(self, epsilon=POSITIVE)

    def __call__(self, variance: Float[Tensor, ""]) -> Float[Tensor, ""]:
        return variance.clamp(min=self.epsilon).sqrt()


@dataclass(frozen=True, slots=True, kw_only=True)
class StdPlusEps:
    """Divisor √var + ε, as in the paper of REINFORCE++."""

    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        check(self, epsilon=POSITIVE)

    def __call__(self, variance: Float[Tensor, ""]) -> Float[Tensor, ""]:
        return variance.sqrt() + self.epsilon


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationWhitened(WrappedAdvantage):
    """Any advantage, normalised over all tokens of the batch with the population variance.

    Â_n ← (Â_n − mean) / divisor(var)

    The variance is over n. `Whitened` is the form of veRL and TRL.
    """

    divisor: ClampedStd | StdPlusEps = ClampedStd()

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        apart, squares, size, among = _among_learned(self.inner, inputs)
        return _spread(apart / self.divisor(squares / (size or 1)), among)

"""Advantages: from rewards to credit.  One number per token, Â_n, detached."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from whet.policy.arithmetic import count_within, mean_within, places, reward_to_go, sum_within
from whet.types import Need, Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The reward itself, no baseline.  Â_n = R_i.  Demonstrations earn 1."""

    absolute: ClassVar[bool] = True  # a shift of all rewards is a different lesson

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        return scores.reward[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCentred:
    """REINFORCE with the batch's mean as baseline (Williams 1992).  Â_n = R_i − mean(R).

    The mean contains R_i itself, which scales the expected gradient by (B − 1)/B.
    """

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        return (scores.reward - scores.reward.mean())[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Centred:
    """Dr. GRPO (arXiv:2503.20783).  Â_n = R_i − mean(R) over the group."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        return (scores.reward - mean_within(scores.reward, scores.group))[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standardised:
    """GRPO (arXiv:2402.03300), with the sample's deviation.  Â_n = (R_i − mean(R)) / (std(R) + ε).

    The paper doesn't say which deviation it means; the frameworks divide by n − 1.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    epsilon: float = 1e-6

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        centred = scores.reward - mean_within(scores.reward, scores.group)
        freedom = (count_within(scores.group) - 1).clamp(min=1)
        deviation = (sum_within(centred**2, scores.group) / freedom).sqrt()
        return (centred / (deviation + self.epsilon))[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveOneOut:
    """RLOO (arXiv:2402.14740).  Â_n = R_i − mean_{j≠i}(R_j) = n/(n−1) (R_i − mean(R))."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        n = count_within(scores.group)
        centred = scores.reward - mean_within(scores.reward, scores.group)
        return (centred * n / (n - 1).clamp(min=1))[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Whitened:
    """Any advantage, normalised over all tokens of the batch (REINFORCE++, arXiv:2501.03262).

    Â_n ← (Â_n − mean) / √(var + ε),  var with n − 1, as veRL and TRL have it.  A mean over tokens:
    long rollouts weigh more.
    """

    inner: "BatchCentred | Centred | Given | RewardToGo"
    epsilon: float = 1e-8

    @property
    def needs(self) -> frozenset[Need]:
        """What the inner one needs."""
        return getattr(self.inner, "needs", frozenset())

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        raw = self.inner(scores)
        centred = raw - raw.sum() / max(len(raw), 1)
        variance = (centred**2).sum() / max(len(raw) - 1, 1)
        return centred / (variance + self.epsilon).sqrt()


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardToGo:
    """The reward at the last token, the price of leaving the reference on the way.

    Â_t = Σ_{s≥t} γ^{s−t} r_s,   r_s = 1[s last] R − β (log π_prox − log π_ref)(s)

    k1 in the reward: its gradient is that of KL(π‖π_ref), because the score function multiplies it.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.REFERENCE})

    beta: float
    discount: float = 1.0

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        if scores.reference_logp is None or scores.proximal_logp is None:
            raise ValueError("RewardToGo needs reference_logp: give the learner a reference policy")
        turn = places(scores.row).turn
        last = turn == count_within(scores.row) - 1
        reward = scores.reward[scores.row] * last
        reward = reward - self.beta * (scores.proximal_logp - scores.reference_logp)
        return reward_to_go(reward, scores.row, self.discount)

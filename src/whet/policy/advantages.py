"""Advantages: from rewards to credit.  One number per token, Â_n, detached."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from whet.policy.arithmetic import (
    centred,
    centred_within,
    count_within,
    difference,
    places,
    reward_to_go,
    size_within,
    sum_within,
)
from whet.protocols.algorithm import Advantage
from whet.types import Circumstances, Need, Scores

_FEW = 4  # fewer rewards make a poor estimate of their own deviation; the bound is ours


def _apart(scores: Scores) -> Float[Tensor, " B"]:
    """R_i − mean(R) over the group; in a tree each rollout counts by its weight."""
    return centred_within(scores.reward, scores.group, scores.rollout_weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given(Advantage):
    """The reward itself, no baseline.  Â_n = R_i.  Demonstrations earn 1."""

    absolute: ClassVar[bool] = True  # a shift of all rewards is a different lesson

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        return scores.reward[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled(Advantage):
    """Right or wrong, and nothing else.  Â_n = ±1 − baseline,  the sign that of `correct`."""

    baseline: float = 0.0

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        if scores.correct is None:
            raise ValueError("Labelled needs scores.correct: judge the rollouts")
        label = 2.0 * scores.correct.to(scores.reward.dtype) - 1.0
        return (label - self.baseline)[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCentred(Advantage):
    """REINFORCE with the batch's mean as baseline (Williams 1992).  Â_n = R_i − mean(R).

    The mean contains R_i itself, which scales the expected gradient by (B − 1)/B.
    """

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        return centred(scores.reward, scores.rollout_weight).apart[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Centred(Advantage):
    """Dr. GRPO (arXiv:2503.20783).  Â_n = R_i − mean(R) over the group."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        return _apart(scores)[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standardised(Advantage):
    """GRPO (arXiv:2402.03300), with the sample's deviation.  Â_n = (R_i − mean(R)) / (std(R) + ε).

    The paper doesn't say which deviation it means; the frameworks divide by n − 1.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    epsilon: float = 1e-6
    freedom: int = 1  # var = Σ (R − mean)² / (n − freedom); 0: the deviation of the population

    def doubts(self, circumstances: Circumstances) -> str:
        """Few rollouts say little of how rewards scatter."""
        if not 1 < circumstances.samples < _FEW:
            return ""
        return (
            f"Standardised divides by the deviation of {circumstances.samples} rewards per task, "
            f"which is hardly known; sample {_FEW} or more, or take Centred"
        )

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        apart, weight = _apart(scores), scores.rollout_weight
        freedom = (size_within(scores.group, weight) - self.freedom).clamp(min=1)
        squares = apart**2 if weight is None else weight.to(apart) * apart**2
        deviation = (sum_within(squares, scores.group) / freedom).sqrt()
        return (apart / (deviation + self.epsilon))[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveOneOut(Advantage):
    """RLOO (arXiv:2402.14740).  Â_n = R_i − mean_{j≠i}(R_j) = n/(n−1) (R_i − mean(R))."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        n = size_within(scores.group, scores.rollout_weight)
        return (_apart(scores) * n / (n - 1).clamp(min=1))[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer(Advantage):
    """An advantage made of another one."""

    inner: Advantage

    @property
    def needs(self) -> frozenset[Need]:
        """What the inner one needs."""
        return self.inner.needs

    @property
    def varies(self) -> bool:
        """Where the inner one does."""
        return self.inner.varies


@dataclass(frozen=True, slots=True, kw_only=True)
class Whitened(Outer):
    """Any advantage, normalised over all tokens of the batch (REINFORCE++, arXiv:2501.03262).

    Â_n ← (Â_n − mean) / √(var + ε),  var with n − 1, as veRL and TRL have it.  A mean over tokens:
    long rollouts weigh more.
    """

    epsilon: float = 1e-8

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        apart, squares, size = centred(self.inner(scores), scores.tree_weight)
        variance = squares / max(size - 1, 1)
        return apart / (variance + self.epsilon).sqrt()


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardToGo(Advantage):
    """The reward at the last token, the price of leaving the reference on the way.

    Â_t = Σ_{s≥t} γ^{s−t} r_s,   r_s = 1[s last] R − β (log π_prox − log π_ref)(s)

    k1 in the reward: its gradient is that of KL(π‖π_ref), because the score function multiplies it.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.REFERENCE})
    varies: ClassVar[bool] = True  # from token to token

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


@dataclass(frozen=True, slots=True, kw_only=True)
class OverBaseline(Advantage):
    """A baseline from outside the group: ReMax's greedy rollout, a memory.  Â_n = R_i − b_i."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.BASELINE})
    absolute: ClassVar[bool] = True

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        if scores.baseline is None:
            raise ValueError(
                "OverBaseline needs scores.baseline: add Greedy, Tracker or MovingMean"
            )
        return difference(scores.reward, scores.baseline)[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCentredBatchScaled(Advantage):
    """LitePPO (arXiv:2508.08221).  Â_n = (R_i − mean_group(R)) / (std_batch(R) + ε).

    The deviation is of raw rewards, over n − 1; TRL's `scale_rewards="batch"`.
    The paper's ε is not confirmed; 1e-4 is TRL's.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    epsilon: float = 1e-4

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        _, squares, size = centred(scores.reward, scores.rollout_weight)
        deviation = (squares / max(size - 1, 1)).sqrt()
        return (_apart(scores) / (deviation + self.epsilon))[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Floored:
    """√max(var, ε), as OpenRLHF has it."""

    epsilon: float = 1e-8

    def __call__(self, variance: Float[Tensor, ""]) -> Float[Tensor, ""]:
        return variance.clamp(min=self.epsilon).sqrt()


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """√var + ε, as REINFORCE++'s paper writes it."""

    epsilon: float = 1e-8

    def __call__(self, variance: Float[Tensor, ""]) -> Float[Tensor, ""]:
        return variance.sqrt() + self.epsilon


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationWhitened(Outer):
    """Any advantage over all tokens of the batch, with the population's deviation.

    Â_n ← (Â_n − mean) / divisor(var),  var with n.  `Whitened` is veRL's and TRL's.
    """

    divisor: Floored | Raised = Floored()

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        apart, squares, size = centred(self.inner(scores), scores.tree_weight)
        return apart / self.divisor(squares / (size or 1))


def _finished(scores: Scores) -> Tensor:
    if scores.truncated is None:
        raise ValueError("this advantage needs scores.truncated: say which rollouts were cut off")
    return ~scores.truncated


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedIfFinished(Outer):
    """Who was cut off is compared with, but not learned from (DAPO's overlong filtering,
    arXiv:2503.14476; TRL's `mask_truncated_completions`).  Â_n ← 1[finished] Â_n.
    """

    uncentred: ClassVar[str] = "the rollouts that were cut off are missing from the sum"

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        return self.inner(scores) * _finished(scores)[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class AmongFinished(Outer):
    """Who was cut off is neither compared with nor learned from (Skywork-OR1, arXiv:2505.22312)."""

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        kept = _finished(scores)
        credit = self.inner(scores.where(kept))
        return credit.new_zeros(len(scores.row)).masked_scatter(kept[scores.row], credit)

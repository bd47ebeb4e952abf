"""Advantages: one number Â_n per sampled token, computed from rewards, without a gradient."""

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

_FEW = 4  # below this, a group's deviation is a poor estimate; the bound is ours


def _apart(scores: Scores) -> Float[Tensor, " B"]:
    """R_i − mean(R) over the group; in a tree each rollout counts by its weight."""
    return centred_within(scores.reward, scores.group, scores.rollout_weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given(Advantage):
    """The reward itself, without a baseline. Â_n = R_i. Demonstrations have reward 1."""

    absolute: ClassVar[bool] = True  # no baseline cancels a shift of all rewards

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        return scores.reward[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled(Advantage):
    """Correctness instead of the reward. Â_n = ±1 − baseline, + where `correct`."""

    baseline: float = 0.0

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        if scores.correct is None:
            raise ValueError(
                "Labelled needs scores.correct: give the run a reward that sets `correct`"
            )
        label = 2.0 * scores.correct.to(scores.reward.dtype) - 1.0
        return (label - self.baseline)[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCentred(Advantage):
    """REINFORCE with the batch's mean reward as baseline (Williams 1992). Â_n = R_i − mean(R).

    The mean contains R_i itself, which scales the expected gradient by (B − 1)/B.
    """

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        return centred(scores.reward, scores.rollout_weight).apart[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Centred(Advantage):
    """Dr. GRPO (arXiv:2503.20783): the group's mean as baseline. Â_n = R_i − mean(R)."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        return _apart(scores)[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standardised(Advantage):
    """GRPO (arXiv:2402.03300): z-score of the reward in its group.

    Â_n = (R_i − mean(R)) / (std(R) + ε)

    The paper doesn't say which deviation it means; the frameworks divide by n − 1.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    epsilon: float = 1e-6
    freedom: int = 1  # var = Σ (R − mean)² / (n − freedom); 0: population variance

    def doubts(self, circumstances: Circumstances) -> str:
        """A warning for groups that are too small to estimate a standard deviation."""
        if not 1 < circumstances.samples < _FEW:
            return ""
        return (
            f"Standardised divides by the deviation of {circumstances.samples} rewards per task, "
            f"a poor estimate; sample {_FEW} or more, or take Centred"
        )

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        apart, weight = _apart(scores), scores.rollout_weight
        freedom = (size_within(scores.group, weight) - self.freedom).clamp(min=1)
        squares = apart**2 if weight is None else weight.to(apart) * apart**2
        deviation = (sum_within(squares, scores.group) / freedom).sqrt()
        return (apart / (deviation + self.epsilon))[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveOneOut(Advantage):
    """RLOO (arXiv:2402.14740): the others' mean as baseline.

    Â_n = R_i − mean_{j≠i}(R_j) = n/(n−1) (R_i − mean(R))
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        n = size_within(scores.group, scores.rollout_weight)
        return (_apart(scores) * n / (n - 1).clamp(min=1))[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer(Advantage):
    """Base class of advantages that transform another advantage, `inner`."""

    inner: Advantage

    @property
    def needs(self) -> frozenset[Need]:
        return self.inner.needs

    @property
    def varies(self) -> bool:
        return self.inner.varies


@dataclass(frozen=True, slots=True, kw_only=True)
class Whitened(Outer):
    """Any advantage, normalised over all tokens of the batch (REINFORCE++, arXiv:2501.03262).

    Â_n ← (Â_n − mean) / √(var + ε)

    The variance is over n − 1, as in veRL and TRL. Mean and variance are over tokens, so long
    rollouts weigh more.
    """

    epsilon: float = 1e-8

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        apart, squares, size = centred(self.inner(scores), scores.tree_weight)
        variance = squares / max(size - 1, 1)
        return apart / (variance + self.epsilon).sqrt()


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardToGo(Advantage):
    """The outcome reward at the last token and a KL penalty at every token, summed to the end.

    Â_t = Σ_{s≥t} γ^{s−t} r_s,   r_s = 1[s last] R − β (log π_prox − log π_ref)(s)

    The penalty is k1 in the reward. Its policy gradient is that of KL(π‖π_ref).
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
    """A baseline from outside the group, e.g. ReMax's greedy rollout. Â_n = R_i − b_i."""

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
    """LitePPO (arXiv:2508.08221): the group's mean, the batch's deviation.

    Â_n = (R_i − mean_group(R)) / (std_batch(R) + ε)

    The deviation is of raw rewards, over n − 1, as TRL's `scale_rewards="batch"`. The paper's ε is
    not confirmed; 1e-4 is TRL's.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    epsilon: float = 1e-4

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        _, squares, size = centred(scores.reward, scores.rollout_weight)
        deviation = (squares / max(size - 1, 1)).sqrt()
        return (_apart(scores) / (deviation + self.epsilon))[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Floored:
    """Divisor √max(var, ε), as in OpenRLHF."""

    epsilon: float = 1e-8

    def __call__(self, variance: Float[Tensor, ""]) -> Float[Tensor, ""]:
        return variance.clamp(min=self.epsilon).sqrt()


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """Divisor √var + ε, as in the paper of REINFORCE++."""

    epsilon: float = 1e-8

    def __call__(self, variance: Float[Tensor, ""]) -> Float[Tensor, ""]:
        return variance.sqrt() + self.epsilon


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationWhitened(Outer):
    """Any advantage, normalised over all tokens of the batch with the population variance.

    Â_n ← (Â_n − mean) / divisor(var)

    The variance is over n. `Whitened` is the form of veRL and TRL.
    """

    divisor: Floored | Raised = Floored()

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        apart, squares, size = centred(self.inner(scores), scores.tree_weight)
        return apart / self.divisor(squares / (size or 1))


def _finished(scores: Scores) -> Tensor:
    if scores.truncated is None:
        raise ValueError("this advantage needs scores.truncated: say which rollouts were truncated")
    return ~scores.truncated


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedIfFinished(Outer):
    """Truncated rollouts count in the baseline but have no gradient. Â_n ← 1[finished] Â_n.

    This is DAPO's overlong filtering (arXiv:2503.14476) and TRL's `mask_truncated_completions`.
    """

    uncentred: ClassVar[str] = "truncated rollouts are missing from the sum"

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        return self.inner(scores) * _finished(scores)[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class AmongFinished(Outer):
    """Truncated rollouts count in neither baseline nor loss (Skywork-OR1, arXiv:2505.22312)."""

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        kept = _finished(scores)
        credit = self.inner(scores.where(kept))
        return credit.new_zeros(len(scores.row)).masked_scatter(kept[scores.row], credit)

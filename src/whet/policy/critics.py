"""Critics: advantages that ask a value of every token's state, and what a value is fitted to.

V_t is the value of the state before token t; after the last chosen token of a rollout it is 0.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.arithmetic import count_within, difference, generalised_advantage, places, steps
from whet.protocols.algorithm import Advantage
from whet.protocols.part import Part
from whet.types import Need, Refusal, Scores

Tokens = Float[Tensor, " N"]


def _value(scores: Scores) -> Tokens:
    if scores.value is None:
        raise ValueError("this advantage needs scores.value: give the algorithm a Critic or Probes")
    return scores.value


def _last(scores: Scores) -> Tensor:
    return places(scores.row).turn == count_within(scores.row) - 1


class Earned(Part, ABC):
    """r_t, what each token earned."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, scores: Scores) -> Tokens: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AtTheEnd(Earned):
    """All at the last token.  r_t = 1[t last] R."""

    def __call__(self, scores: Scores) -> Tokens:
        return scores.reward[scores.row] * _last(scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced(Earned):
    """And the price of leaving the reference on the way.

    r_t = 1[t last] R − β (log π_prox − log π_ref)(t)
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.REFERENCE})

    beta: float = 0.05

    def __call__(self, scores: Scores) -> Tokens:
        if scores.reference_logp is None or scores.proximal_logp is None:
            raise ValueError("Priced needs reference_logp: give the learner a reference policy")
        price = self.beta * (scores.proximal_logp - scores.reference_logp)
        return AtTheEnd()(scores) - price


_VALUE = frozenset({Need.VALUE})


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralisedAdvantage(Advantage):
    """GAE (arXiv:1506.02438).  Â_t = Σ_{s≥t} (γλ)^{s−t} δ_s,  δ_t = r_t + γ V_{t+1} − V_t.

    λ is `trace`, γ is `discount`.  A rollout that was cut off counts as ended: see `Extended`.
    """

    absolute: ClassVar[bool] = True  # the values don't shift with the rewards
    varies: ClassVar[bool] = True  # from token to token

    trace: float = 0.95
    discount: float = 1.0
    earned: Earned = AtTheEnd()

    @property
    def needs(self) -> frozenset[Need]:
        """Values, and what the token rewards are made of."""
        return _VALUE | self.earned.needs

    def __call__(self, scores: Scores) -> Tokens:
        return generalised_advantage(
            self.earned(scores),
            _value(scores),
            scores.row,
            discount=self.discount,
            trace=self.trace,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthAdaptive(Advantage):
    """VAPO (arXiv:2504.05118): credit that reaches as far as the reply is long.

    GAE with λ = clip(1 − 1/(α |y|), 0, 1): Σ_t λ^t ≈ α |y|.  The clip at 0 is ours; with α = 0.05
    it holds for replies of fewer than 20 tokens.
    """

    absolute: ClassVar[bool] = True
    varies: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = _VALUE

    alpha: float = 0.05
    discount: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a reach of nothing."""
        if not self.alpha > 0:
            raise Refusal(f"LengthAdaptive.alpha is {self.alpha}; give more than 0")

    def traces(self, length: Float[Tensor, " rollouts"]) -> Float[Tensor, " rollouts"]:
        """λ of replies of these lengths."""
        return (1 - 1 / (self.alpha * length)).clamp(0, 1)

    def __call__(self, scores: Scores) -> Tokens:
        value = _value(scores)
        trace = self.traces(torch.bincount(scores.row).to(value.dtype))
        return generalised_advantage(
            AtTheEnd()(scores), value, scores.row, discount=self.discount, trace=trace
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended(Advantage):
    """T-PPO's extended GAE (arXiv:2506.15050, unconfirmed): who was cut off would have gone on.

    After the last token of a truncated rollout comes a state as good as the last, and no reward:
    its last δ is (γ − 1) V.  The others are GAE's.
    """

    absolute: ClassVar[bool] = True
    varies: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = _VALUE

    trace: float = 0.95
    discount: float = 1.0

    def __call__(self, scores: Scores) -> Tokens:
        if scores.truncated is None:
            raise ValueError("Extended needs scores.truncated: which rollouts were cut off")
        value = _value(scores)
        beyond = self.discount * value * _last(scores)
        earned = torch.where(scores.truncated[scores.row], beyond, AtTheEnd()(scores))
        return generalised_advantage(
            earned, value, scores.row, discount=self.discount, trace=self.trace
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentGain(Advantage):
    """What a segment added to the chances.  Â_k = V_{k+1} − V_k,  for the last one R − V_k.

    VinePPO (arXiv:2410.01679) and SPO (arXiv:2505.23564).  V_k is the value of the state before a
    segment's first token; all its tokens share Â_k.
    """

    absolute: ClassVar[bool] = True
    varies: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.VALUE, Need.SEGMENTS})

    def __call__(self, scores: Scores) -> Tokens:
        if scores.segment is None:
            raise ValueError("SegmentGain needs scores.segment: cut the replies, as Probes do")
        step = steps(scores.row, scores.segment)
        value = _value(scores)[step.first]
        after = torch.where(step.last, scores.reward[step.row], value.roll(-1))
        return difference(after, value.to(after))[step.of]


def value_error(value: Tokens, before: Tokens, target: Tokens, clip: float) -> Tokens:
    """½ max((V − G)², (V_old + clip(V − V_old, ±clip) − G)²), one per token."""
    near = before + (value - before).clamp(-clip, clip)
    return 0.5 * torch.maximum((value - target) ** 2, (near - target) ** 2)

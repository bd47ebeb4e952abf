"""Advantages from values of states (a critic or Monte Carlo), and the critic's loss.

V_t is the value of the state before token t. After the last sampled token of a rollout it is 0.
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
    """The reward r_t of every token, from which returns are computed."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, scores: Scores) -> Tokens: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AtTheEnd(Earned):
    """The outcome reward at the last token. r_t = 1[t last] R."""

    def __call__(self, scores: Scores) -> Tokens:
        return scores.reward[scores.row] * _last(scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced(Earned):
    """The outcome reward at the last token, and a KL penalty at every token.

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
    """GAE (arXiv:1506.02438). Â_t = Σ_{s≥t} (γλ)^{s−t} δ_s, δ_t = r_t + γ V_{t+1} − V_t.

    λ is `trace`, γ is `discount`. A truncated rollout is treated as ended; `Extended` does
    otherwise.
    """

    absolute: ClassVar[bool] = True  # the values do not shift with the rewards
    varies: ClassVar[bool] = True  # from token to token

    trace: float = 0.95
    discount: float = 1.0
    earned: Earned = AtTheEnd()

    @property
    def needs(self) -> frozenset[Need]:
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
    """VAPO (arXiv:2504.05118): GAE with a λ that grows with the reply's length.

    λ = clip(1 − 1/(α |y|), 0, 1), so that Σ_t λ^t ≈ α |y|. The clip at 0 is ours; with α = 0.05 it
    acts on replies of fewer than 20 tokens.
    """

    absolute: ClassVar[bool] = True
    varies: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = _VALUE

    alpha: float = 0.05
    discount: float = 1.0

    def __post_init__(self) -> None:
        if not self.alpha > 0:
            raise Refusal(f"LengthAdaptive.alpha is {self.alpha}; give more than 0")

    def traces(self, length: Float[Tensor, " rollouts"]) -> Float[Tensor, " rollouts"]:
        """The λ of replies of these lengths."""
        return (1 - 1 / (self.alpha * length)).clamp(0, 1)

    def __call__(self, scores: Scores) -> Tokens:
        value = _value(scores)
        trace = self.traces(torch.bincount(scores.row).to(value.dtype))
        return generalised_advantage(
            AtTheEnd()(scores), value, scores.row, discount=self.discount, trace=trace
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended(Advantage):
    """T-PPO's extended GAE (arXiv:2506.15050, unconfirmed): truncated rollouts are bootstrapped.

    After the last token of a truncated rollout V is taken to be that before it, without a reward:
    the last δ is (γ − 1) V. All other δ are GAE's.
    """

    absolute: ClassVar[bool] = True
    varies: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = _VALUE

    trace: float = 0.95
    discount: float = 1.0

    def __call__(self, scores: Scores) -> Tokens:
        if scores.truncated is None:
            raise ValueError("Extended needs scores.truncated: say which rollouts were truncated")
        value = _value(scores)
        beyond = self.discount * value * _last(scores)
        earned = torch.where(scores.truncated[scores.row], beyond, AtTheEnd()(scores))
        return generalised_advantage(
            earned, value, scores.row, discount=self.discount, trace=self.trace
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentGain(Advantage):
    """The gain in value over a segment. Â_k = V_{k+1} − V_k, and R − V_k for the last one.

    As in VinePPO (arXiv:2410.01679) and SPO (arXiv:2505.23564). V_k is the value of the state
    before a segment's first token. All tokens of the segment share Â_k.
    """

    absolute: ClassVar[bool] = True
    varies: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.VALUE, Need.SEGMENTS})

    def __call__(self, scores: Scores) -> Tokens:
        if scores.segment is None:
            raise ValueError("SegmentGain needs scores.segment: add Probes, which cut the replies")
        step = steps(scores.row, scores.segment)
        value = _value(scores)[step.first]
        after = torch.where(step.last, scores.reward[step.row], value.roll(-1))
        return difference(after, value.to(after))[step.of]


def value_error(value: Tokens, before: Tokens, target: Tokens, clip: float) -> Tokens:
    """PPO's clipped value loss, per token.

    ½ max((V − G)², (V_old + clip(V − V_old, ±clip) − G)²)
    """
    near = before + (value - before).clamp(-clip, clip)
    return 0.5 * torch.maximum((value - target) ** 2, (near - target) ** 2)


def explained_variance(value: Tokens, target: Tokens) -> float:
    """1 − Var(G − V) / Var(G): 1 for a perfect critic, 0 for a constant one.

    It is NaN where the targets do not vary.
    """
    spread = target.var(correction=0)
    if not spread > 0:
        return float("nan")
    return float(1 - (target - value).var(correction=0) / spread)

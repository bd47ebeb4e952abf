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
from whet.policy.domains import AT_LEAST_0, SHARE, check
from whet.protocols.algorithm import Advantage
from whet.protocols.part import Part
from whet.types import AdvantageInputs, Need, UsageError

Tokens = Float[Tensor, " N"]


def _value(inputs: AdvantageInputs) -> Tokens:
    if inputs.value is None:
        raise ValueError(
            "this advantage needs inputs.value: give the algorithm a Critic or MonteCarloValues"
        )
    return inputs.value


def _last(inputs: AdvantageInputs) -> Tensor:
    return places(inputs.row).turn == count_within(inputs.row) - 1


class TokenRewards(Part, ABC):
    """The reward r_t of every token, from which returns are computed."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, inputs: AdvantageInputs) -> Tokens: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalReward(TokenRewards):
    """The outcome reward at the last token. r_t = 1[t last] R."""

    def __call__(self, inputs: AdvantageInputs) -> Tokens:
        return inputs.reward[inputs.row] * _last(inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class KLPenalised(TokenRewards):
    """The outcome reward at the last token, and a KL penalty at every token.

    r_t = 1[t last] R − β (log π_prox − log π_ref)(t)
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.REFERENCE})

    beta: float = 0.05

    def __post_init__(self) -> None:
        check(self, beta=AT_LEAST_0)

    def __call__(self, inputs: AdvantageInputs) -> Tokens:
        if inputs.reference_logp is None or inputs.proximal_logp is None:
            raise ValueError("Priced needs reference_logp: give the learner a reference policy")
        price = self.beta * (inputs.proximal_logp - inputs.reference_logp)
        return TerminalReward()(inputs) - price


_VALUE = frozenset({Need.VALUE})


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralisedAdvantage(Advantage):
    """GAE (arXiv:1506.02438). Â_t = Σ_{s≥t} (γλ)^{s−t} δ_s, δ_t = r_t + γ V_{t+1} − V_t.

    λ is `gae_lambda`, γ is `discount`. A truncated rollout is treated as ended; `ExtendedGAE` does
    otherwise.
    """

    shift_sensitive: ClassVar[bool] = True  # the values do not shift with the rewards
    per_token: ClassVar[bool] = True  # from token to token

    gae_lambda: float = 0.95
    discount: float = 1.0
    token_rewards: TokenRewards = TerminalReward()

    def __post_init__(self) -> None:
        check(self, gae_lambda=SHARE, discount=SHARE)

    @property
    def needs(self) -> frozenset[Need]:
        return _VALUE | self.token_rewards.needs

    def __call__(self, inputs: AdvantageInputs) -> Tokens:
        return generalised_advantage(
            self.token_rewards(inputs),
            _value(inputs),
            inputs.row,
            discount=self.discount,
            gae_lambda=self.gae_lambda,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthAdaptive(Advantage):
    """VAPO (arXiv:2504.05118): GAE with a λ that grows with the reply's length.

    λ = clip(1 − 1/(α |y|), 0, 1), so that Σ_t λ^t ≈ α |y|. The clip at 0 is ours; with α = 0.05 it
    acts on replies of fewer than 20 tokens.
    """

    shift_sensitive: ClassVar[bool] = True
    per_token: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = _VALUE

    alpha: float = 0.05
    discount: float = 1.0

    def __post_init__(self) -> None:
        check(self, discount=SHARE)
        if not self.alpha > 0:
            raise UsageError(f"LengthAdaptive.alpha is {self.alpha}; give more than 0")

    def gae_lambdas(self, length: Float[Tensor, " rollouts"]) -> Float[Tensor, " rollouts"]:
        """The λ of replies of these lengths."""
        return (1 - 1 / (self.alpha * length)).clamp(0, 1)

    def __call__(self, inputs: AdvantageInputs) -> Tokens:
        value = _value(inputs)
        gae_lambda = self.gae_lambdas(torch.bincount(inputs.row).to(value.dtype))
        return generalised_advantage(
            TerminalReward()(inputs),
            value,
            inputs.row,
            discount=self.discount,
            gae_lambda=gae_lambda,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedGAE(Advantage):
    """T-PPO's extended GAE (arXiv:2506.15050, unconfirmed): truncated rollouts are bootstrapped.

    After the last token of a truncated rollout V is taken to be that before it, without a reward:
    the last δ is (γ − 1) V. All other δ are GAE's.
    """

    shift_sensitive: ClassVar[bool] = True
    per_token: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = _VALUE

    gae_lambda: float = 0.95
    discount: float = 1.0

    def __post_init__(self) -> None:
        check(self, gae_lambda=SHARE, discount=SHARE)

    def __call__(self, inputs: AdvantageInputs) -> Tokens:
        if inputs.truncated is None:
            raise ValueError("Extended needs inputs.truncated: say which rollouts were truncated")
        value = _value(inputs)
        beyond = self.discount * value * _last(inputs)
        token_rewards = torch.where(inputs.truncated[inputs.row], beyond, TerminalReward()(inputs))
        return generalised_advantage(
            token_rewards, value, inputs.row, discount=self.discount, gae_lambda=self.gae_lambda
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentGain(Advantage):
    """The gain in value over a segment. Â_k = V_{k+1} − V_k, and R − V_k for the last one.

    As in VinePPO (arXiv:2410.01679) and SPO (arXiv:2505.23564). V_k is the value of the state
    before a segment's first token. All tokens of the segment share Â_k.
    """

    shift_sensitive: ClassVar[bool] = True
    per_token: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.VALUE, Need.SEGMENTS})

    def __call__(self, inputs: AdvantageInputs) -> Tokens:
        if inputs.segment is None:
            raise ValueError("SegmentGain needs inputs.segment: add Probes, which cut the replies")
        step = steps(inputs.row, inputs.segment)
        value = _value(inputs)[step.first]
        after = torch.where(step.last, inputs.reward[step.row], value.roll(-1))
        return difference(after, value.to(after))[step.of]


def value_error(value: Tokens, before: Tokens, target: Tokens, clip: float) -> Tokens:
    """PPO's clipped value loss, per token.

    ½ max((V − G)², (V_old + clip(V − V_old, ±clip) − G)²)
    """
    near = before + (value - before).clamp(-clip, clip)
    return 0.5 * torch.maximum((value - target) ** 2, (near - target) ** 2)

"""Companions that know what a state is worth: critics, trackers, probes, implicit rewards."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whet.policy.critics import AtTheEnd, Earned, GeneralisedAdvantage, value_error
from whet.protocols.algorithm import Companion
from whet.types import Circumstances, Need, Refusal, Scores
from whet.types.optimisers import AdamW


def _positive(part: object, *names: str) -> None:
    for name in names:
        if not getattr(part, name) > 0:
            kind = type(part).__name__
            raise Refusal(f"{kind}.{name} is {getattr(part, name)}; give more than 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Everyone:
    """All rollouts."""

    def __call__(self, truncated: Bool[Tensor, " B"]) -> Bool[Tensor, " B"]:
        return torch.ones_like(truncated)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(Companion):
    """Rollouts that were not cut off (T-PPO, arXiv:2506.15050)."""

    def __call__(self, truncated: Bool[Tensor, " B"]) -> Bool[Tensor, " B"]:
        return ~truncated


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnModel(Companion):
    """A model of its own: the policy's body before any reward, and a linear head that is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnHead(Companion):
    """A linear head alone, 0 to begin with, on the policy's hidden states; none of its gradient
    reaches them.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Critic(Companion):
    """A value of every token's state, by a model of its own or by a head on the policy.

    It is fitted to V-targets Â_λ + V of GAE (arXiv:1506.02438) with `trace` = λ, by
    ½ max((V − G)², (V_old + clip(V − V_old, ±clip) − G)²), after the policy's step.  For the first
    `alone` steps only the critic learns (value pre-training, VC-PPO, arXiv:2503.01491).  `earned`
    has to be what the advantage's rewards are, the price of leaving the reference included.
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.VALUE})

    model: OwnModel | OwnHead = OwnModel()
    optimiser: AdamW = AdamW(rate=1e-5)
    trace: float = 0.95
    discount: float = 1.0
    clip: float = 0.5
    alone: int = 0
    to: "Everyone | Finished" = Everyone()
    earned: Earned = AtTheEnd()

    @property
    def needs(self) -> frozenset[Need]:
        """What the token rewards are made of."""
        return getattr(self.earned, "needs", frozenset())

    def __post_init__(self) -> None:
        """Refuse a clip of nothing."""
        _positive(self, "clip")

    def refuses(self, circumstances: Circumstances) -> str:
        """A run has to outlast the critic's time alone."""
        if not 0 < circumstances.steps <= self.alone:
            return ""
        return (
            f"Critic.alone is {self.alone} of {circumstances.steps} steps, so the policy would "
            "never learn; give less, or more steps"
        )

    def targets(self, scores: Scores) -> Float[Tensor, " N"]:
        """G = Â_λ + V, what the critic should have said, from what it did say."""
        if scores.value is None:
            raise ValueError("targets are made of scores.value: ask the critic first")
        gae = GeneralisedAdvantage(trace=self.trace, discount=self.discount, earned=self.earned)
        return gae(scores) + scores.value

    def error(
        self,
        value: Float[Tensor, " N"],
        before: Float[Tensor, " N"],
        target: Float[Tensor, " N"],
    ) -> Float[Tensor, " N"]:
        """Its loss, one per token; the critic's is their mean."""
        return value_error(value, before, target, self.clip)


@dataclass(frozen=True, slots=True, kw_only=True)
class Greedy(Companion):
    """One greedy rollout a task more; its reward is the baseline of the others (ReMax)."""

    gives: ClassVar[frozenset[Need]] = frozenset({Need.BASELINE})


@dataclass(frozen=True, slots=True, kw_only=True)
class MovingMean(Companion):
    """The mean reward of earlier batches, fading: b ← keep · b + (1 − keep) · mean(R).

    A batch is judged by the b that it has not moved yet.
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.BASELINE})

    keep: float = 0.9
    first: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no mean."""
        if not 0 <= self.keep < 1:
            raise Refusal(f"MovingMean.keep is {self.keep}; give a number in [0, 1)")

    def after(self, baseline: float, mean: float) -> float:
        """The baseline of the next batch."""
        return self.keep * baseline + (1 - self.keep) * mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracker(Companion):
    """A success rate per prompt, v = α / (α + β), remembered from visit to visit (SPO,
    arXiv:2509.13232).

    ρ = clip(2^(−D/half), least, most),  D = mean |log π − log π at the last visit|;
    α ← ρ α + R,  β ← ρ β + 1 − R.  A prompt never seen begins with the count 1/(1 − least), half
    of it successes.
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.BASELINE})

    half: float = 0.06
    least: float = 0.875
    most: float = 0.96
    explore: float = 0.05

    @property
    def count(self) -> float:
        """N₀ = 1/(1 − least), the memory of a prompt that was never seen."""
        return 1 / (1 - self.least)

    def start(self, right: int = 0, tried: int = 0) -> tuple[float, float]:
        """(α, β) after `tried` samples, `right` of them right: α = N₀ (right + ½) / (tried + 1)."""
        share = (right + 0.5) / (tried + 1)
        return self.count * share, self.count * (1 - share)

    def memory(self, drift: float) -> float:
        """ρ(D)."""
        return min(max(2 ** (-drift / self.half), self.least), self.most)

    def weight(self, value: float) -> float:
        """How much a prompt of success rate v wants to be drawn: √(v (1 − v)) + explore."""
        return (value * (1 - value)) ** 0.5 + self.explore

    def after(
        self, counts: tuple[float, float], reward: float, drift: float
    ) -> tuple[float, float]:
        """(α, β) after one more reward in [0, 1]."""
        kept = self.memory(drift)
        return kept * counts[0] + reward, kept * counts[1] + 1 - reward


@dataclass(frozen=True, slots=True, kw_only=True)
class ImplicitRewards(Companion):
    """A reward model for every token, learned from outcomes alone (PRIME, arXiv:2502.01456).

    r_t = β (log π_φ − log π_ref)(t);  φ starts as the policy before any reward and is fitted by
    cross-entropy of σ(Σ_t r_t) on `correct`, before the policy's step, after it was scored: see
    the objective `implicit_reward`.
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.DENSE})
    needs: ClassVar[frozenset[Need]] = frozenset({Need.REFERENCE})

    beta: float = 0.05
    optimiser: AdamW = AdamW(rate=1e-6)  # unconfirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes(Companion):
    """Values from play: at every cut of a reply, `count` continuations and their mean reward.

    A reply is cut after every `interval`-th token of probability below `sure` (SPO,
    arXiv:2505.23564; `count` unconfirmed); `sure` = 1 cuts by length alone (VinePPO's values,
    arXiv:2410.01679).
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.VALUE, Need.SEGMENTS})

    interval: int = 5
    count: int = 9
    sure: float = 0.9

    def __post_init__(self) -> None:
        """Refuse cuts and counts of nothing."""
        _positive(self, "interval", "count")

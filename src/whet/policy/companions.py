"""Companions: what an algorithm keeps beside its loss.  Values; a run gives them life.

Each says what it gives, so that a run can refuse a combination that cannot work.
"""

from dataclasses import dataclass
from math import ceil, cos, pi
from typing import ClassVar

import torch
from jaxtyping import Bool
from torch import Tensor

from whet.policy.optimisers import AdamW
from whet.types import Need, Refusal


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
class Finished:
    """Rollouts that were not cut off (T-PPO, arXiv:2506.15050)."""

    def __call__(self, truncated: Bool[Tensor, " B"]) -> Bool[Tensor, " B"]:
        return ~truncated


@dataclass(frozen=True, slots=True, kw_only=True)
class Critic:
    """A value model of its own: the policy's body before any reward, and a linear head that is 0.

    It is fitted to V-targets Â_λ + V of GAE (arXiv:1506.02438) with `trace` = λ, by
    ½ max((V − G)², (V_old + clip(V − V_old, ±clip) − G)²), after the policy's step.  For the first
    `alone` steps only the critic learns (value pre-training, VC-PPO, arXiv:2503.01491).
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.VALUE})

    optimiser: AdamW = AdamW(rate=1e-5)
    trace: float = 0.95
    discount: float = 1.0
    clip: float = 0.5
    alone: int = 0
    to: "Everyone | Finished" = Everyone()

    def __post_init__(self) -> None:
        """Refuse a clip of nothing."""
        _positive(self, "clip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Greedy:
    """One greedy rollout a task more; its reward is the baseline of the others (ReMax)."""

    gives: ClassVar[frozenset[Need]] = frozenset({Need.BASELINE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracker:
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

    def after(
        self, counts: tuple[float, float], reward: float, drift: float
    ) -> tuple[float, float]:
        """(α, β) after one more reward in [0, 1]."""
        kept = self.memory(drift)
        return kept * counts[0] + reward, kept * counts[1] + 1 - reward


@dataclass(frozen=True, slots=True, kw_only=True)
class ImplicitRewards:
    """A reward model for every token, learned from outcomes alone (PRIME, arXiv:2502.01456).

    r_t = β (log π_φ − log π_ref)(t);  φ starts as the policy before any reward and is fitted by
    cross-entropy of σ(Σ_t r_t) on `correct`, before the policy's step, after it was scored.
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.DENSE})
    needs: ClassVar[frozenset[Need]] = frozenset({Need.REFERENCE})

    beta: float = 0.05
    optimiser: AdamW = AdamW(rate=1e-6)  # unconfirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstrations:
    """So many demonstrations join every group, with reward 1 and π_β = 1 (LUFFY,
    arXiv:2504.14945).
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATIONS})

    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """A group with at most `solved` right rollouts is replaced by a demonstration (HPT,
    arXiv:2509.04419).
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATIONS})

    solved: int = 0

    def falls(self, right: int) -> bool:
        """Is it one?"""
        return right <= self.solved


@dataclass(frozen=True, slots=True, kw_only=True)
class Interleaved:
    """Demonstrations of tasks that nobody solved are kept; a full buffer is one supervised step
    (ReLIFT, arXiv:2506.07527).
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATIONS})

    size: int = 32
    rate: float = 1.0  # of the step's own learning rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """Replies that begin with a part of a demonstration; what begins is others' choice.

    Of each group the first `rollouts` get one (0: all).  The share of the demonstration that is
    shown falls with time t along a half cosine from `high` to `low` over `steps`, and is 0
    afterwards where `ends` is true of the schedule: see the algorithm that asks for it.
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATIONS})

    low: float = 0.05
    high: float = 0.95
    steps: int = 300
    parts: int = 5  # pieces that a demonstration is cut into; 0: any share
    rollouts: int = 0

    def share(self, step: int) -> float:
        """p(t) = low + (high − low)(1 + cos(π t/T))/2."""
        wave = (1 + cos(pi * min(step / max(self.steps, 1), 1.0))) / 2
        return self.low + (self.high - self.low) * wave


@dataclass(frozen=True, slots=True, kw_only=True)
class Branches:
    """Where nobody solves a task, the group is played again from the shortest beginning of a
    demonstration that leads to a success, found by bisection (BREAD, arXiv:2506.17211,
    unconfirmed).
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATIONS})

    parts: int = 4
    tries: int = 4  # rollouts a beginning is tried with


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Right rollouts are remembered; `count` of a task's memories join its group when it comes
    again, with the log-probs that they were sampled with (RLEP, arXiv:2507.07451).

    A task counts as remembered from `least` different right replies on; at most `most` are kept.
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.MEMORIES})

    count: int = 2
    least: int = 2
    most: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraRound:
    """A task that nobody solved is played again, `samples` times and hotter; right rollouts join
    its group and are remembered for its next visit (EFRame, arXiv:2506.22200, unconfirmed).
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.MEMORIES})

    samples: int = 16
    temperature: float = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class PastBatches:
    """A `share` of every batch are groups of the last `window` steps, sampled by π_{k−i}; their
    proximal log-probs are those of the policy of now (ReMix, arXiv:2507.06892, unconfirmed).
    """

    gives: ClassVar[frozenset[Need]] = frozenset({Need.MEMORIES})

    share: float = 0.4
    window: int = 2
    until: int = 100  # steps; from then on all is on-policy and the reference is the policy of then


@dataclass(frozen=True, slots=True, kw_only=True)
class EntropyTarget:
    """An entropy bonus that comes and goes (Skywork-OR1, arXiv:2505.22312).

    It is applied while H ≤ target; after each step the coefficient rises by `delta` where
    H ≤ target and falls by it elsewhere, within [least, most].
    """

    gives: ClassVar[frozenset[Need]] = frozenset()

    target: float = 0.2
    delta: float = 0.005
    first: float = 0.0
    least: float = 0.0
    most: float = 1.0

    def applied(self, coefficient: float, entropy: float) -> float:
        """What the bonus weighs in a step whose entropy is this."""
        return coefficient if entropy <= self.target else 0.0

    def after(self, coefficient: float, entropy: float) -> float:
        """The coefficient of the next step."""
        moved = coefficient + (self.delta if entropy <= self.target else -self.delta)
        return min(max(moved, self.least), self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceReset:
    """The reference becomes the policy of now, and the optimiser forgets, when training accuracy
    has not risen for `patience` steps (ProRL, arXiv:2505.24864; the trigger is ours).
    """

    gives: ClassVar[frozenset[Need]] = frozenset()
    needs: ClassVar[frozenset[Need]] = frozenset({Need.REFERENCE})

    patience: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class MovingReference:
    """The reference is the policy at the start of every `every`-th step (Kimi k1.5,
    arXiv:2501.12599).
    """

    gives: ClassVar[frozenset[Need]] = frozenset()

    every: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvexKL:
    """λ(t) = max(1 − 0.1 ⌈max(t − 50, 0) / 10⌉, ½), between two KLs (ReMix, arXiv:2507.06892)."""

    gives: ClassVar[frozenset[Need]] = frozenset()

    begin: int = 50
    every: int = 10
    fall: float = 0.1
    least: float = 0.5

    def share(self, step: int) -> float:
        """λ of a step."""
        return max(1 - self.fall * ceil(max(step - self.begin, 0) / self.every), self.least)

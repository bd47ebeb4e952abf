"""Bandits: which arm to pull next, by the gains of earlier pulls."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, inf, log, sqrt
from random import Random

from whet.protocols import Part
from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What a rule remembers of an arm; the meaning of `value` is the rule's own."""

    value: float = 0.0
    pulls: float = 0.0  # with known gain; discounted, where the rule discounts


class ArmRule(Part):
    """A rule for a bandit whose pulls of one step are chosen together, and learned from together.

    Gains are in [0, 1].
    """

    __slots__ = ()

    @abstractmethod
    def chosen(self, arms: Sequence[Arm], count: int, rng: Random) -> list[int]:
        """The arms of the next `count` pulls."""

    @abstractmethod
    def learned(self, arms: Sequence[Arm], gains: Sequence[Sequence[float]]) -> list[Arm]:
        """The arms after a step, with the gains of each arm's pulls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoltzmannArmRule(ArmRule):
    """Q_k ← (1 − rate) Q_k + rate · ḡ_k for the pulled arms;  P(k) ∝ exp(Q_k / temperature).

    The rule of SEC (arXiv:2505.14970), a TD(0) update of a mean, which follows gains that change.
    Its defaults are ours, and unconfirmed.
    """

    rate: float = 0.5
    temperature: float = 0.2

    def __post_init__(self) -> None:
        _check("rate", self.rate, most=1)
        _check("temperature", self.temperature, most=inf)

    def shares(self, arms: Sequence[Arm]) -> list[float]:
        """The probability of every arm."""
        return _softmax([arm.value / self.temperature for arm in arms])

    def chosen(self, arms: Sequence[Arm], count: int, rng: Random) -> list[int]:
        return rng.choices(range(len(arms)), self.shares(arms), k=count)

    def learned(self, arms: Sequence[Arm], gains: Sequence[Sequence[float]]) -> list[Arm]:
        return [
            replace(arm, value=arm.value + self.rate * (sum(own) / len(own) - arm.value))
            if own
            else arm
            for arm, own in zip(arms, gains, strict=True)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exp3ArmRule(ArmRule):
    """EXP3 (Auer et al. 2002, from memory), for gains that an adversary may choose.

        P(k) = (1 − γ) w_k / Σ_j w_j + γ / K;   w_k ← w_k exp(γ ĝ_k / K),  ĝ_k = g / P(k)

    `value` is log w_k. All pulls of a step have the probabilities of its start. Gains are never
    forgotten: an arm that was good for long is left slowly.
    """

    gamma: float = 0.1  # share of uniform draws, and rate

    def __post_init__(self) -> None:
        _check("gamma", self.gamma, most=1)

    def shares(self, arms: Sequence[Arm]) -> list[float]:
        """The probability of every arm."""
        even = self.gamma / len(arms)
        return [(1 - self.gamma) * w + even for w in _softmax([arm.value for arm in arms])]

    def chosen(self, arms: Sequence[Arm], count: int, rng: Random) -> list[int]:
        return rng.choices(range(len(arms)), self.shares(arms), k=count)

    def learned(self, arms: Sequence[Arm], gains: Sequence[Sequence[float]]) -> list[Arm]:
        rows = zip(arms, gains, self.shares(arms), strict=True)
        logs = [arm.value + self.gamma * sum(own) / share / len(arms) for arm, own, share in rows]
        return [replace(arm, value=x - max(logs)) for arm, x in zip(arms, logs, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountedUcbArmRule(ArmRule):
    """Discounted UCB (Garivier & Moulines, arXiv:0805.3415, from memory).

        the arm with the largest  G_k / N_k + width · sqrt(log Σ_j N_j / N_k)

    N_k counts pulls and G_k (`value`) sums gains; both are multiplied by λ = `keep` after every
    step. Within a step, every choice counts as a pull whose gain is the mean so far, so that a step
    is spread over the arms. An arm that was never pulled comes first.
    """

    keep: float = 0.98  # λ, per step
    width: float = 0.5  # of the bonus

    def __post_init__(self) -> None:
        _check("keep", self.keep, most=1)
        _check("width", self.width, most=inf)

    def chosen(self, arms: Sequence[Arm], count: int, rng: Random) -> list[int]:
        means = [arm.value / arm.pulls if arm.pulls else 0.0 for arm in arms]
        pulls = [arm.pulls for arm in arms]
        found = []
        for _ in range(count):
            best = self._best(means, pulls, rng)
            pulls[best] += 1
            found.append(best)
        return found

    def _best(self, means: Sequence[float], pulls: Sequence[float], rng: Random) -> int:
        unknown = [k for k, n in enumerate(pulls) if not n]
        if unknown:
            return rng.choice(unknown)
        total = log(max(sum(pulls), 1.0))
        bounds = [m + self.width * sqrt(total / n) for m, n in zip(means, pulls, strict=True)]
        return bounds.index(max(bounds))

    def learned(self, arms: Sequence[Arm], gains: Sequence[Sequence[float]]) -> list[Arm]:
        return [
            Arm(value=self.keep * arm.value + sum(own), pulls=self.keep * arm.pulls + len(own))
            for arm, own in zip(arms, gains, strict=True)
        ]


def _softmax(logits: Sequence[float]) -> list[float]:
    weights = [exp(x - max(logits)) for x in logits]
    return [weight / sum(weights) for weight in weights]


def _check(name: str, value: float, *, most: float) -> None:
    if not 0 < value <= most or value == inf:
        legal = "more than 0" if most == inf else f"a number in (0, {most:g}]"
        raise UsageError(f"sampling.prompts.rule.{name} is {value}; give {legal}")

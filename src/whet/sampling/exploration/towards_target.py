"""Guidance that keeps the mean reward at a target."""

from dataclasses import dataclass
from math import exp

from whet.sampling.exploration.guidance import GuidanceRule, bounded
from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class TowardsTarget(GuidanceRule):
    """ℓ ← clip(ℓ · exp(η (r* − r̄)), 0.01, 1),  r̄ the mean task metric of a step's rollouts.

    The rule is ours, with η = `rate` and r* = `target`, where the variance p (1 − p) of a right
    reply is largest. Known failure: with few guided rollouts in a group, r̄ hardly depends on ℓ.
    """

    target: float = 0.5
    rate: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.target < 1:
            raise UsageError(
                f"sampling.schedules.rule.target is {self.target}; give more than 0, less than 1"
            )
        if not 0 < self.rate < float("inf"):
            raise UsageError(f"sampling.schedules.rule.rate is {self.rate}; give more than 0")

    def after(self, length: float, rewards: tuple[float, ...]) -> float:
        return bounded(length * exp(self.rate * (self.target - rewards[-1])))

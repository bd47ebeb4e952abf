"""Rules for the length of guidance, from the rewards of the steps before."""

from abc import abstractmethod
from dataclasses import dataclass
from math import exp
from statistics import fmean

from whet.protocols.part import Part
from whet.types import UsageError

LEAST = 0.01
"""The smallest length. From 0 a rule that multiplies would not come back."""


class GuidanceRule(Part):
    """How long guidance is, as a share of the solution."""

    __slots__ = ()

    steps: int = 1  # of training, between two decisions

    @abstractmethod
    def after(self, length: float, rewards: tuple[float, ...]) -> float:
        """The next length in [0, 1], after the mean task metrics of so many steps."""


def bounded(length: float) -> float:
    """The nearest length that is possible."""
    return min(max(length, LEAST), 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainstTrend(GuidanceRule):
    """ℓ ← clip(ℓ · mean(r_{t−w} … r_{t−1}) / r_t, 0.01, 1),  w = `window`, every w + 1 steps.

    r is the mean task metric of a step's rollouts. While r_t or the mean is 0, ℓ stays.

    Source: G²RPO-A's released code (github.com/T-Lab-CUHKSZ/G2RPO-A), which has w = 2 and bounds in
    tokens (1 and 3072). Known failure: ℓ follows the noise of r, and not its level.
    """

    window: int = 2

    def __post_init__(self) -> None:
        if self.window < 1:
            raise UsageError(
                f"sampling.schedules.g2rpo_a.rule.window is {self.window}; give 1 or more"
            )

    @property
    def steps(self) -> int:
        return self.window + 1

    def after(self, length: float, rewards: tuple[float, ...]) -> float:
        before, now = fmean(rewards[:-1]), rewards[-1]
        return bounded(length * before / now) if before > 0 and now > 0 else length


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
                f"sampling.schedules.g2rpo_a.rule.target is {self.target}; "
                "give more than 0, less than 1"
            )
        if not 0 < self.rate < float("inf"):
            raise UsageError(
                f"sampling.schedules.g2rpo_a.rule.rate is {self.rate}; give more than 0"
            )

    def after(self, length: float, rewards: tuple[float, ...]) -> float:
        return bounded(length * exp(self.rate * (self.target - rewards[-1])))

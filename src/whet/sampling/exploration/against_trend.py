"""Guidance that becomes longer when rewards fall, and shorter when they rise."""

from dataclasses import dataclass
from statistics import fmean

from whet.sampling.exploration.guidance import GuidanceRule, bounded
from whet.types import UsageError


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
            raise UsageError(f"sampling.schedules.rule.window is {self.window}; give 1 or more")

    @property
    def steps(self) -> int:
        return self.window + 1

    def after(self, length: float, rewards: tuple[float, ...]) -> float:
        before, now = fmean(rewards[:-1]), rewards[-1]
        return bounded(length * before / now) if before > 0 and now > 0 else length

"""VinePPO (arXiv:2410.01679): a step's advantage is the gain in the policy's success rate."""

from dataclasses import dataclass
from statistics import fmean

from whet.rewards.dense.monte_carlo import StepValues, differences, noise
from whet.rewards.dense.placing import Spread
from whet.types import Rollout

_SIGMAS = 2  # differences within so many standard deviations of their noise tell nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Vine(StepValues):
    """A_k = V̂(s_{k+1}) − V̂(s_k),  V̂(s) the mean score of `count` continuations of s.

    The outcome is the last value.  Every token of step k has A_k as its credit, which is an
    advantage already and not a reward to be summed.  K = 9 is unconfirmed.  Part `signal` is the
    share of steps whose |A_k| exceeds twice the standard deviation √(V̂ (1 − V̂) / K) of the first
    value; that formula assumes scores of 0 and 1.
    """

    def credit(
        self, rollout: Rollout, outcome: float, steps: list[slice], values: list[float]
    ) -> tuple[tuple[float, ...], dict[str, float]]:
        """Gives every token the gain of its step."""
        gains = differences(values, outcome)
        told = [
            abs(gain) > _SIGMAS * noise(value, self.count)
            for gain, value in zip(gains, values, strict=True)
        ]
        parts = {"value": values[0], "signal": fmean(told)}
        return Spread()(gains, steps, rollout.length), parts

"""Tasks of a middle success rate, all alike."""

from dataclasses import dataclass

from whet.sampling.difficulty import TaskRecord
from whet.sampling.dynamic.weighted_prompts import RateWeighted
from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class RateBand(RateWeighted):
    """Draws task i with P(i) = (1 − ε) w_i / Σ w + ε / n,  w = 1 if low ≤ p̂ ≤ high, else 0.

    p̂ is the mean of a Beta posterior of the success rate, with forgetting: 1/2 of an unseen task.
    If no task is within the band, all have equal chances.

    Source: a band of success rates is kept by PRIME (arXiv:2502.01456), after the rollouts; here it
    is asked before them. [0.2, 0.8] is PRIME's; ε = 0.1 and `keep` 0.9 are ours.

    It costs no tokens. The ids of the whole training split are read when the run begins. Failure
    mode: a task outside the band comes back by its share of ε alone, so a small ε forgets it.
    """

    low: float = 0.2
    high: float = 0.8

    def __post_init__(self) -> None:
        RateWeighted.__post_init__(self)
        if not 0 <= self.low <= 1:
            raise UsageError(f"sampling.prompts.low is {self.low}; give 0 to 1")
        if not self.low <= self.high <= 1:
            raise UsageError(f"sampling.prompts.high is {self.high}; give {self.low} to 1")

    def weight(self, record: TaskRecord) -> float:
        return float(self.low <= record.mean <= self.high)

"""Tasks that are solved half of the time come most often."""

from dataclasses import dataclass

from whet.sampling.difficulty import TaskRecord
from whet.sampling.dynamic.weighted_prompts import RateWeighted
from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnability(RateWeighted):
    """Draws task i with P(i) = (1 − ε) w_i / Σ w + ε / n,  w = (4 p̂ (1 − p̂))^(1/temperature).

    p̂ (1 − p̂) is the variance of one result, to which the expected gradient is bound. p̂ is the mean
    of a Beta posterior of the success rate, with forgetting. An unseen task has p̂ = 1/2, so it has
    the largest weight. Low temperatures prefer p̂ = 1/2 more strongly.

    Source: learnability as in Foster and Foerster (arXiv:2502.12272), which draws from the tasks of
    the largest p (1 − p), and the survey arXiv:2509.08827; both from memory. ε = 0.1, temperature 1
    and `keep` 0.9 are ours.

    It costs no tokens. The ids of the whole training split are read when the run begins. Failure
    mode: p̂ is of older weights, and tasks outside the band are visited with ε only. Orders rarely
    beat uniform draws, unless the hardest tasks earn nothing otherwise.
    """

    temperature: float = 1.0

    def __post_init__(self) -> None:
        RateWeighted.__post_init__(self)
        if not 0 < self.temperature < float("inf"):
            raise UsageError(
                f"sampling.prompts.temperature is {self.temperature}; give more than 0"
            )

    def weight(self, record: TaskRecord) -> float:
        return (4 * record.mean * (1 - record.mean)) ** (1 / self.temperature)

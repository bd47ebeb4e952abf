"""Dynamic sampling by accuracy: only groups of medium difficulty are learned from (PRIME)."""

from dataclasses import dataclass

from whet.protocols import Gate
from whet.sampling.decisions import known_metrics
from whet.types import Group, RunSpec, UsageError

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyBand(Gate):
    """Admits a group if low ≤ p̂ ≤ high, p̂ the mean task metric of its judged rollouts.

    The task metric is `correct` as 0 or 1, or the number before shaping of a reward that is a
    number alone. Faults don't count, and a group of faults is rejected.

    Source: PRIME (arXiv:2502.01456; band and groups of 4 from a secondary source). There 4 rollouts
    are filtered to [0.2, 0.8], which keeps 1, 2 and 3 right ones.

    Cost: that of rejected groups. With `max_rounds` 0 they make the batch smaller; otherwise they
    are replaced.

    Failure mode: a small group makes the band coarse: between 4 rollouts the bounds 0.2 and 0.25
    are the same. Hard tasks are left out before they are learned, and the mean reward of a batch
    stays near 1/2, whatever is learned.
    """

    low: float = 0.2
    high: float = 0.8
    max_rounds: int = 0  # further rounds per step to replace rejected groups
    oversample: float = 1.0  # groups launched per missing group

    def __post_init__(self) -> None:
        if not 0 <= self.low <= 1:
            raise UsageError(f"sampling.gate.low is {self.low}; give 0 to 1")
        if not self.low <= self.high <= 1:
            raise UsageError(f"sampling.gate.high is {self.high}; give low, {self.low}, to 1")
        if self.max_rounds < 0:
            raise UsageError(f"sampling.gate.max_rounds is {self.max_rounds}; give 0 or more")
        if not 1 <= self.oversample < float("inf"):
            raise UsageError(f"sampling.gate.oversample is {self.oversample}; give 1 or more")

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a band without the accuracy of any group of right and wrong replies."""
        size = spec.samples
        if not size or any(self._within(right / size) for right in range(size + 1)):
            return ""
        return (
            f"sampling.gate AccuracyBand admits accuracies from {self.low} to {self.high}, and a "
            f"group of {size} right and wrong replies has none of these; give more rollouts"
        )

    def __call__(self, group: Group) -> bool:
        known = [metric for metric in known_metrics(group, "gate") if metric is not None]
        return bool(known) and self._within(sum(known) / len(known))

    def _within(self, accuracy: float) -> bool:
        return self.low - _ROUNDING <= accuracy <= self.high + _ROUNDING

"""Limits of the invariants, as settings of a run."""

from dataclasses import dataclass
from math import inf

from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustLimits:
    """Limits of the invariants; differences are in nats per token.

    The defaults are for float32. In lower precision, generator and learner differ by more.
    """

    probe: float = 1e-4  # max on a fixed prompt after each sync: generator − learner
    drift: float = 1e-3  # mean over the step's fresh tokens: behaviour − learner
    faults: float = 0.1  # fraction of a step's rollouts without a verdict

    def __post_init__(self) -> None:
        for name, most in (("probe", inf), ("drift", inf), ("faults", 1.0)):
            value = getattr(self, name)
            if not 0 <= value <= most:
                legal = "0 or more" if most == inf else "0 to 1"
                raise UsageError(f"limits.{name} is {value}; give {legal}")

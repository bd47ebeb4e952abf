"""Limits of the invariants, as settings of a run."""

from dataclasses import dataclass, fields, replace
from math import inf

from whet.types import UsageError

_USUAL = {  # by the dtype of the weights; None of them is a published value
    "float32": {"probe": 1e-4, "drift": 1e-3, "drift_rollout": 3e-3, "drift_max": 3e-2},
    "float16": {"probe": 0.1, "drift": 0.01, "drift_rollout": 0.05, "drift_max": 1.0},
    "bfloat16": {"probe": 0.5, "drift": 0.05, "drift_rollout": 0.2, "drift_max": 3.0},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustLimits:
    """Limits of the invariants; differences are in nats per token.

    None is a limit that fits the dtype of the weights, which rounding stays below:

    | dtype    | probe | drift | drift_rollout | drift_max |
    |----------|-------|-------|---------------|-----------|
    | float32  | 1e-4  | 1e-3  | 3e-3          | 3e-2      |
    | float16  | 0.1   | 0.01  | 0.05          | 1         |
    | bfloat16 | 0.5   | 0.05  | 0.2           | 3         |

    The probe compares generator and learner on a fixed prompt.  In bfloat16 and float16 one token
    in 16 may differ by more, because rounding decides between two experts that are equally apt.

    A mean over the step hides one bad rollout, and a mean over a rollout hides one bad token, so
    each has a limit of its own.
    """

    probe: float | None = None  # max on a fixed prompt after each sync, generator − learner
    drift: float | None = None  # mean over the step's fresh tokens: behaviour − learner
    drift_rollout: float | None = None  # the same over the fresh tokens of one rollout
    drift_max: float | None = None  # the same of one token
    faults: float = 0.1  # fraction of a step's rollouts without a verdict

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self)):
            value, most = getattr(self, name), 1.0 if name == "faults" else inf
            if value is not None and not 0 <= value <= most:
                legal = "0 or more" if most == inf else "0 to 1"
                raise UsageError(f"limits.{name} is {value}; give {legal}")

    def of(self, dtype: str) -> "TrustLimits":
        """The limits for weights of this dtype; one that is not None stays as it is."""
        usual = _USUAL.get(dtype, _USUAL["float32"])
        return replace(self, **{n: x for n, x in usual.items() if getattr(self, n) is None})

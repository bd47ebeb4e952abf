"""How many problems and samples an evaluation has."""

from dataclasses import dataclass

from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalConfig:
    """The number of problems and of samples, and the k of pass@k."""

    problems: int = 100
    samples: int = 8
    k: tuple[int, ...] = (1, 4, 8)

    def __post_init__(self) -> None:
        """Raise `UsageError` for counts that can't be evaluated."""
        for name in ("problems", "samples"):
            if getattr(self, name) < 1:
                raise UsageError(f"evaluation.{name} is {getattr(self, name)}; give 1 or more")
        if not self.k or max(self.k) > self.samples or min(self.k) < 1:
            held = ", ".join(map(str, self.k)) or "empty"
            raise UsageError(
                f"evaluation.k is {held}, but a problem has {self.samples} samples; give numbers "
                f"from 1 to {self.samples}, or more samples"
            )

    @property
    def rollouts(self) -> int:
        """The number of rollouts: one greedy rollout per problem, and the samples."""
        return self.problems * (self.samples + 1)

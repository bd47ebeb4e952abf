"""Teachers: worked examples of a family, for supervised training before any reward."""

from dataclasses import dataclass
from random import Random

from whet.data.problems import Problems
from whet.protocols import Family
from whet.types import Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class FullSolutions:
    """Full solutions of tasks; the highest level grows with the step.

    highest(step) = low + 1 + ⌊(high − low) · step / ramp⌋,  at most high
    """

    family: Family
    levels: tuple[int, int]
    ramp: int = 0  # steps until the highest level; 0: all levels from the start
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise `UsageError` for a negative ramp; the family checks the levels."""
        Problems(family=self.family, levels=self.levels)
        if self.ramp < 0:
            raise UsageError(
                f"full_solutions.ramp is {self.ramp}; give a number of steps, 0 or more"
            )

    def example(self, step: int, index: int) -> tuple[Task, str]:
        """A task of the training split, and its full solution."""
        low, high = self.levels
        if step < self.ramp:
            high = min(high, low + 1 + (high - low) * step // self.ramp)
        problems = Problems(family=self.family, levels=(low, high), seed=self.seed)
        return _worked(self.family, problems, f"{_stream('Gold', self)}/{step}/{index}", keep=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedStyles:
    """Correct solutions in several styles: all steps, some steps, the answer alone.

    An example is written in style k with probability ∝ weights_k; each
    intermediate step is written down with probability keep_k.
    """

    family: Family
    levels: tuple[int, int]
    keep: tuple[float, ...] = (1.0, 0.4, 0.0)
    weights: tuple[float, ...] = (0.25, 0.15, 0.6)
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise `UsageError` unless every style has a weight and a probability."""
        Problems(family=self.family, levels=self.levels)
        if not self.keep or not all(0 <= keep <= 1 for keep in self.keep):
            raise UsageError(f"mixed_styles.keep is {self.keep}; give probabilities, one per style")
        sound = min(self.weights, default=0) >= 0 < sum(self.weights)
        if len(self.weights) != len(self.keep) or not sound:
            raise UsageError(
                f"mixed_styles.weights is {self.weights}; give one per style, some above 0"
            )

    def example(self, step: int, index: int) -> tuple[Task, str]:
        """A task of the training split, and its solution in one style."""
        name = f"{_stream('Habits', self)}/{step}/{index}"
        keep = Random(f"{name}/style").choices(self.keep, self.weights)[0]
        problems = Problems(family=self.family, levels=self.levels, seed=self.seed)
        return _worked(self.family, problems, name, keep=keep)


def _worked(family: Family, problems: Problems, name: str, *, keep: float) -> tuple[Task, str]:
    rng = Random(name)
    task = problems.task("train", rng.getrandbits(62))
    return task, family.worked(task, rng, keep)


def _stream(name: str, teacher: object) -> str:
    """The text that seeds the draws: a fixed name with the fields of the teacher."""
    return name + repr(teacher).removeprefix(type(teacher).__qualname__)

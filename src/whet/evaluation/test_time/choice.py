"""Base class of choices: how the recorded answers of k attempts become one."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from whet.evaluation.bounds import exactly
from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.coverage import powers
from whet.evaluation.metrics.estimates import check_samples, mean_over
from whet.evaluation.samples import Problem
from whet.protocols.part import Part


class AnswerChoice(Part):
    """One answer from k recorded ones: a function of the samples alone."""

    __slots__ = ()

    name: ClassVar[str]  # as in `--test-time`
    scored: ClassVar[bool] = False  # it needs the samples' `selection`

    @property
    def label(self) -> str:
        """The name with the settings that tell it from others; by default the name."""
        return self.name

    def ks(self, most: int) -> Sequence[int]:
        """The k of its curve, for so many samples; by default powers of two, and all."""
        return powers(most)

    @abstractmethod
    def accuracy(self, problems: Sequence[Problem], k: int) -> Estimate:
        """The share of problems with a right choice among k samples.

        A missing verdict widens the interval.  Raises `UsageError` for k > n.
        """

    def tokens(self, problems: Sequence[Problem], k: int) -> Estimate:
        """Decoded tokens of a problem; by default those of k samples: k Σ tokens / n."""

        def spent(problem: Problem) -> float:
            check_samples(problem, k)
            return k * sum(s.length for s in problem.samples) / len(problem.samples)

        return mean_over(problems, lambda problem: exactly(spent(problem)))

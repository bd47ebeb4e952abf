"""No choice: the accuracy of one answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.pass_at_k import mean_average
from whet.evaluation.samples import Problem
from whet.evaluation.test_time.choice import AnswerChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Single(AnswerChoice):
    """One answer: pass@1 from all samples."""

    name: ClassVar[str] = "single"

    def ks(self, most: int) -> Sequence[int]:
        return [1] if most else []

    def accuracy(self, problems: Sequence[Problem], k: int) -> Estimate:
        del k
        return mean_average(problems)

"""Best of n: the answer that a scorer likes best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.best_of_n import mean_best_of_n
from whet.evaluation.metrics.columns import column
from whet.evaluation.samples import Problem
from whet.evaluation.test_time.choice import AnswerChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class BestOfN(AnswerChoice):
    """BoN@k by the samples' `selection`: `whet.evaluation.metrics.best_of_n`.

    The tokens are the decoded ones.  What the scorer reads is not in them.
    """

    name: ClassVar[str] = "best_of_n"
    scored: ClassVar[bool] = True

    def accuracy(self, problems: Sequence[Problem], k: int) -> Estimate:
        scores = column(problems, lambda sample: sample.selection)
        return mean_best_of_n(problems, scores, k)

"""Weighted vote: the answer with the largest sum of scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.answer_classes import Same, equal
from whet.evaluation.metrics.columns import column
from whet.evaluation.metrics.weighted_majority import (
    Summed,
    Weighting,
    mean_weighted_majority_at_k,
)
from whet.evaluation.samples import Problem
from whet.evaluation.test_time.choice import AnswerChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedVote(AnswerChoice):
    """Weighted maj@k by `selection`: `whet.evaluation.metrics.weighted_majority`."""

    name: ClassVar[str] = "weighted_vote"
    scored: ClassVar[bool] = True

    weighting: Weighting = Summed()
    same: Same = equal

    def accuracy(self, problems: Sequence[Problem], k: int) -> Estimate:
        weights = column(problems, lambda sample: sample.selection)
        return mean_weighted_majority_at_k(problems, weights, k, self.weighting, self.same)

"""Majority vote: the most frequent answer of k."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.answer_classes import Same, equal
from whet.evaluation.metrics.majority import mean_majority_at_k
from whet.evaluation.samples import Problem
from whet.evaluation.test_time.choice import AnswerChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class MajorityChoice(AnswerChoice):
    """maj@k (self-consistency, arXiv:2203.11171): `whet.evaluation.metrics.majority`."""

    name: ClassVar[str] = "majority"

    same: Same = equal

    def accuracy(self, problems: Sequence[Problem], k: int) -> Estimate:
        return mean_majority_at_k(problems, k, self.same)

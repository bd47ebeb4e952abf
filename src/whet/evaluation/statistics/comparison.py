"""Which of two models is better, on the same problems."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from whet.evaluation.statistics.paired import Paired, paired
from whet.evaluation.statistics.power import ALPHA


class ModelStanding(StrEnum):
    """Where a model stands beside a baseline."""

    BETTER = "better"
    WORSE = "worse"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelComparison:
    """A standing, and the paired difference that it rests on."""

    standing: ModelStanding
    paired: Paired

    def __str__(self) -> str:
        return f"{self.standing}: {self.paired}"


def compare(
    model: Mapping[str, float], baseline: Mapping[str, float], *, seed: int = 0
) -> ModelComparison:
    """Better or worse where the interval excludes 0 and p ≤ .05; else undecided.

    Both are asked for: the interval undercovers with few differing problems, and the p-value, which
    is exact, holds the rate of wrong verdicts between equal models at 5 %.  Undecided is no
    evidence that the models are equal: see `equivalence`.
    """
    found = paired(model, baseline, seed=seed)
    return ModelComparison(standing=_standing(found), paired=found)


def _standing(found: Paired) -> ModelStanding:
    if found.p > ALPHA or found.low <= 0 <= found.high:
        return ModelStanding.UNDECIDED
    return ModelStanding.BETTER if found.difference > 0 else ModelStanding.WORSE

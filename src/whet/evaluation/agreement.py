"""The agreement of two judges, or of a judge with the labels."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log2, nan

from whet.evaluation.intervals import Estimate, estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """The confusion matrix of a judge: accepted and refused replies, by label."""

    right_accepted: int
    wrong_accepted: int
    right_refused: int
    wrong_refused: int
    precision: Estimate  # share of correct replies among the accepted
    recall: Estimate  # share of accepted replies among the correct
    specificity: Estimate  # share of refused replies among the incorrect
    accuracy: Estimate

    @property
    def signal(self) -> float:
        """J = recall + specificity − 1 (Youden): 1 for a perfect judge, 0 for a coin.

        With binary rewards, E[verdict | right] − E[verdict | wrong] = J: by this factor such a
        judge shrinks the difference that is learned from.
        """
        return self.recall.value + self.specificity.value - 1


def confusion(accepted: Sequence[bool], right: Sequence[bool]) -> Confusion:
    """The confusion matrix of judged replies; a reply is the unit of the intervals."""
    pairs = list(zip(accepted, right, strict=True))
    counts = Counter(pairs)
    return Confusion(
        right_accepted=counts[True, True],
        wrong_accepted=counts[True, False],
        right_refused=counts[False, True],
        wrong_refused=counts[False, False],
        precision=estimate([float(r) for a, r in pairs if a]),
        recall=estimate([float(a) for a, r in pairs if r]),
        specificity=estimate([float(not a) for a, r in pairs if not r]),
        accuracy=estimate([float(a == r) for a, r in pairs]),
    )


def kappa(one: Sequence[bool], other: Sequence[bool]) -> float:
    """Cohen's κ = (p − e) / (1 − e): agreement p beyond that of two independent judges.

    e = q₁q₂ + (1 − q₁)(1 − q₂), where q are the shares that each accepts.  NaN where e is 1: both
    always say the same.
    """
    count = len(one)
    if not count:
        return nan
    agreed = sum(a == b for a, b in zip(one, other, strict=True)) / count
    first, second = sum(one) / count, sum(other) / count
    chance = first * second + (1 - first) * (1 - second)
    return (agreed - chance) / (1 - chance) if chance < 1 else nan


def entropy(values: Sequence[float]) -> float:
    """Entropy in bits of the empirical distribution of numbers, rounded to three places."""
    counts = Counter(round(value, 3) for value in values)
    shares = [count / len(values) for count in counts.values()]
    return sum(-share * log2(share) for share in shares)

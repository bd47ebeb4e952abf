"""The agreement of two judges, or of a judge with the labels."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log2, nan

from whet.evaluation.bounds import Bounds, exactly
from whet.evaluation.intervals import Estimate, estimate_between, estimate_within


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """The confusion matrix of a judge: accepted and refused replies, by label.

    A reply without a verdict is in no count.  It widens the intervals: it counts once as refused,
    once as accepted.
    """

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


def confusion(accepted: Sequence[bool | None], right: Sequence[bool]) -> Confusion:
    """The confusion matrix of replies; None: without a verdict.  A reply is the unit."""
    pairs = list(zip(accepted, right, strict=True))
    counts = Counter(pairs)
    return Confusion(
        right_accepted=counts[True, True],
        wrong_accepted=counts[True, False],
        right_refused=counts[False, True],
        wrong_refused=counts[False, False],
        precision=_precision(counts),
        recall=_share([a for a, r in pairs if r]),
        specificity=_share([None if a is None else not a for a, r in pairs if not r]),
        accuracy=_share([None if a is None else a == r for a, r in pairs]),
    )


def _share(hits: Sequence[bool | None]) -> Estimate:
    return estimate_within(
        [Bounds(nan, 0.0, 1.0) if hit is None else exactly(float(hit)) for hit in hits]
    )


def _precision(counts: Counter[tuple[bool | None, bool]]) -> Estimate:
    """Of the accepted replies; at worst every wrong one without a verdict is accepted, too."""
    known = [1.0] * counts[True, True] + [0.0] * counts[True, False]
    right, wrong = counts[None, True], counts[None, False]
    least, most = known + [0.0] * wrong, [1.0] * right + known
    return estimate_between(known, least, most, of=len(known) + right + wrong)


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
    """Entropy in bits of the distribution of numbers, rounded to three places; NaN of none."""
    if not values:
        return nan
    counts = Counter(round(value, 3) for value in values)
    shares = [count / len(values) for count in counts.values()]
    return sum(-share * log2(share) for share in shares)

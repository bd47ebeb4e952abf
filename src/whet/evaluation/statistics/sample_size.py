"""How many problems or seeds a comparison needs."""

from dataclasses import dataclass
from math import ceil, sqrt

from whet.evaluation.statistics.inputs import inside, positive
from whet.evaluation.statistics.interval import TAIL
from whet.evaluation.statistics.power import ALPHA, POWER, power_of, units_for
from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """The number of units that a purpose takes."""

    count: int
    units: str  # problems or seeds
    purpose: str
    power: float  # of `count` units; NaN where nothing is tested

    def __str__(self) -> str:
        shown = "" if self.power != self.power else f" (power {self.power:.2f}, α {ALPHA})"
        return f"{self.count} {self.units} for {self.purpose}{shown}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemVariance:
    """The variance of what is measured at one problem: b between problems, w of one sample.

    With n samples of each problem it is b + w / n: samples reduce the second part only.
    """

    between: float
    within: float = 0.0
    samples: int = 1

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise UsageError(f"samples is {self.samples}; give 1 or more of each problem")
        for name, part in (("between", self.between), ("within", self.within)):
            if not 0 <= part < float("inf"):
                raise UsageError(f"{name} is {part}; give a finite variance of 0 or more")
        if not self.between and not self.within:
            raise UsageError("between is 0 and within is 0; give a variance above 0")

    @property
    def variance(self) -> float:
        """The sum b + w / n."""
        return self.between + self.within / self.samples


def binary_variance(share: float) -> ProblemVariance:
    """One sample a problem, right with chance p over problems and samples: p (1 − p)."""
    inside(share, "share", 0, 1)
    return ProblemVariance(between=share * (1 - share))


def discordance_variance(discordance: float, delta: float) -> ProblemVariance:
    """One sample a problem of two models: they differ on a share q of problems, by δ on average.

    Var(d) = q − δ², of d in {−1, 0, 1}.  Raises `UsageError` unless |δ| ≤ q ≤ 1.
    """
    if not abs(delta) <= discordance <= 1 or not discordance:
        raise UsageError(f"discordance is {discordance}; give {abs(delta)} to 1: delta is {delta}")
    return ProblemVariance(between=discordance - delta**2)


def problems_for_half_width(half_width: float, of: ProblemVariance) -> Needed:
    """Problems for an interval of one model's mean of ± h: the fewest P with t √(v / P) ≤ h."""
    from scipy.stats import t  # its import takes half a second

    count = max(2, ceil(of.variance * (1.959963 / positive(half_width, "half_width")) ** 2))
    while t.isf(TAIL, count - 1) * sqrt(of.variance / count) > half_width:
        count += 1
    return Needed(
        count=count,
        units="problems",
        purpose=f"an interval of ± {half_width:g}",
        power=float("nan"),
    )


def problems_for_difference(delta: float, of: ProblemVariance, *, power: float = POWER) -> Needed:
    """Problems that resolve a difference δ of two models on the same problems.

    `of` is that of the difference d at one problem: between is the variance of its true value
    over problems, within is Σ over both models of the mean of p (1 − p).
    """
    d_z = positive(abs(delta), "delta") / sqrt(of.variance)
    return _needed(d_z, "problems", f"a paired difference of {delta:g}", power)


def seeds_for(d_z: float, *, power: float = POWER) -> Needed:
    """Seeds that resolve a paired effect d_z = mean / standard deviation of the differences."""
    return _needed(d_z, "seeds", f"a paired effect d_z of {d_z:g}", power)


def _needed(d_z: float, units: str, purpose: str, power: float) -> Needed:
    count = units_for(d_z, power=power)
    return Needed(count=count, units=units, purpose=purpose, power=power_of(d_z, count))

"""The variance of a paired difference from a pilot of one model, before there is another."""

from collections.abc import Sequence
from statistics import fmean, variance

from whet.evaluation.samples import Problem
from whet.evaluation.statistics.inputs import inside
from whet.evaluation.statistics.sample_size import ProblemVariance
from whet.types import UsageError

_CONCENTRATION = 2.0  # a + b of Beta(a, b): at a share of 1/2, chances are uniform from 0 to 1


def pilot_variance(problems: Sequence[Problem]) -> ProblemVariance:
    """The variance of one sample of a model: between the chances p_i of problems, and within.

    With c_i of n_i samples right, ĉ_i = c_i / n_i, without bias:

        within  = mean of n_i / (n_i − 1) · ĉ_i (1 − ĉ_i)
        between = Var(ĉ_i) − mean of ĉ_i (1 − ĉ_i) / (n_i − 1),  at least 0

    Problems with a missing verdict are left out.  Raises `UsageError` unless two problems with two
    samples or more are known.
    """
    whole = [one for one in problems if len(one.samples) > 1 and not one.missing]
    if len(whole) < 2:  # noqa: PLR2004  (one has no variance)
        raise UsageError(
            f"the pilot has {len(whole)} problems with 2 or more judged samples; give a file with "
            "more, or the baseline's accuracy as a number"
        )
    shares = [one.right / len(one.samples) for one in whole]
    noise = [
        share * (1 - share) / (len(one.samples) - 1)
        for share, one in zip(shares, whole, strict=True)
    ]
    within = fmean(x * len(one.samples) for x, one in zip(noise, whole, strict=True))
    if set(shares) in ({0.0}, {1.0}):
        raise UsageError(
            f"the pilot is right on {shares[0]:.0%} of all samples, which has no variance; give "
            "the accuracy of a baseline as a number between 0 and 1"
        )
    spread = variance(shares)
    return ProblemVariance(between=max(spread - fmean(noise), 0.0), within=within)


def assumed_variance(share: float) -> ProblemVariance:
    """The variance of one sample of a model that is right with chance `share`, split by a guess.

    The chances of problems are Beta(a, b) with a + b = 2 (ours), uniform at ½: a third of
    p (1 − p) lies between problems, the rest within.
    """
    whole = inside(share, "accuracy", 0, 1) * (1 - share)
    between = whole / (_CONCENTRATION + 1)
    return ProblemVariance(between=between, within=whole - between)


def difference_variance(
    model: ProblemVariance, samples: int, correlation: float
) -> ProblemVariance:
    """The variance of the difference of two such models at a problem, each with n samples.

    ω² + (σ_A² + σ_B²) / n,  ω² = Var(p_A − p_B) = 2 (1 − ρ) · between  (Miller 2024,
    arXiv:2411.00640 (from memory)).  ρ is the correlation of the two models' chances over problems:
    1 where the same problems are hard for both by the same amount.

    Raises `UsageError` for a correlation outside of 0 to 1, and for a variance of 0.
    """
    if not 0 <= correlation <= 1:
        raise UsageError(f"correlation is {correlation}; give 0 to 1")
    return ProblemVariance(
        between=2 * (1 - correlation) * model.between, within=2 * model.within, samples=samples
    )

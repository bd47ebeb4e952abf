"""How often a judge of chains errs, and the prevalence of right chains behind what it says."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from statistics import fmean, pvariance

from whet.evaluation.bounds import UNKNOWN, Bounds, exactly
from whet.evaluation.intervals import Estimate, estimate_within
from whet.evaluation.metrics.chain_pass_at_k import chain_share
from whet.evaluation.metrics.estimates import asked
from whet.evaluation.samples import Problem
from whet.types import UsageError

_Z = 1.959963984540054  # the 97.5% quantile of a standard normal


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRates:
    """The error rates of a judge on labelled chains; a chain is the unit of their intervals.

    A chain without a verdict is in no count, and widens the intervals.
    """

    right_accepted: int
    right: int  # right chains with a verdict
    wrong_accepted: int
    wrong: int  # wrong chains with a verdict
    tpr: Estimate  # P(accepted | right)
    fpr: Estimate  # P(accepted | wrong)


def judge_rates(accepted: Sequence[bool | None], right: Sequence[bool]) -> JudgeRates:
    """Rates on chains that are known to be right, or wrong: with one injected error, for example.

    Raises `UsageError` without a verdict on a chain of each kind.
    """
    counts = Counter(zip(accepted, right, strict=True))
    for kind in (True, False):
        if not counts[True, kind] + counts[False, kind]:
            said = "right" if kind else "wrong"
            raise UsageError(f"the judge has verdicts on 0 {said} chains; give it some, 50 or more")
    return JudgeRates(
        right_accepted=counts[True, True],
        right=counts[True, True] + counts[False, True],
        wrong_accepted=counts[True, False],
        wrong=counts[True, False] + counts[False, False],
        tpr=rate([a for a, r in zip(accepted, right, strict=True) if r]),
        fpr=rate([a for a, r in zip(accepted, right, strict=True) if not r]),
    )


def rogan_gladen(observed: float, tpr: float, fpr: float) -> float:
    """θ = (p − FPR) / (TPR − FPR), cut to [0, 1]: the prevalence behind an observed share p.

    E[p] = TPR · θ + FPR · (1 − θ), solved for θ (Rogan and Gladen 1978 (from memory)).  Raises
    `UsageError` unless TPR > FPR: the judge would have no information, or be upside down.
    """
    if not tpr > fpr:
        raise UsageError(
            f"the judge's TPR is {tpr:.3f} and its FPR {fpr:.3f}; calibrate a judge that accepts "
            "right chains more often than wrong ones"
        )
    return min(max((observed - fpr) / (tpr - fpr), 0.0), 1.0)


def mean_corrected_chains(problems: Sequence[Problem], rates: JudgeRates) -> Estimate:
    """P(chain right | answer right), corrected for the errors of the judge that gave the verdicts.

    See `corrected_prevalence`; its shares are those of `mean_chain_given_answer`.
    """
    held = asked(problems)
    shares = [chain_share(problem) for problem in held]
    chains = sum(
        sample.correct is not False and sample.chain_correct is not None
        for problem in held
        for sample in problem.samples
    )
    return corrected_prevalence([share for share in shares if share is not None], chains, rates)


def corrected_prevalence(shares: Sequence[Bounds], chains: int, rates: JudgeRates) -> Estimate:
    """The mean share of right chains by `rogan_gladen`, from the share accepted of each problem.

    The interval carries the error of the shares and of both rates.  It is the delta method around
    smoothed estimates (Lee et al. 2025, arXiv:2511.21140), with z = 1.96, q₀ = 1 − FPR, q₁ = TPR:

        p̃ = (n p + z²/2) / (n + z²),  q̃ = (m q + 1) / (m + 2),  θ̃ = (p̃ + q̃₀ − 1) / (q̃₀ + q̃₁ − 1)
        d = 2 z² (θ̃ q̃₁ (1 − q̃₁) / (m₁ + 2) − (1 − θ̃) q̃₀ (1 − q̃₀) / (m₀ + 2))
        s² = p̃ (1 − p̃) / (n + z²) + (1 − θ̃)² q̃₀ (1 − q̃₀) / (m₀ + 2) + θ̃² q̃₁ (1 − q̃₁) / (m₁ + 2)
        θ̃ + d ± z s / (q̃₀ + q̃₁ − 1),  cut to [0, 1]

    n is not the number of chains, for those of a problem are alike: it is the number of independent
    chains of the same variance, p (1 − p) / Var(p), from the variance over problems, but at most
    the number of `chains`, and that of problems where all chains have one verdict (ours).

    Missing verdicts: θ rises with p, so the interval is the hull of those of both ends.  Raises
    `UsageError` unless TPR > FPR.
    """
    known = [share.value for share in shares if isfinite(share.value)]
    tpr, fpr = rates.right_accepted / rates.right, rates.wrong_accepted / rates.wrong
    rogan_gladen(0.0, tpr, fpr)  # refuse the judge, also where there is nothing to correct
    if not known:
        return estimate_within([UNKNOWN for _ in shares])
    least, most = [share.least for share in shares], [share.most for share in shares]
    ends = [rogan_gladen(fmean(end), tpr, fpr) for end in (least, most)]
    found = [_interval(fmean(end), _independent(end, chains), rates) for end in (least, most)]
    value = min(max(rogan_gladen(fmean(known), tpr, fpr), ends[0]), ends[1])
    return Estimate(
        value=value,
        low=min(value, *(low for low, _ in found)),
        high=max(value, *(high for _, high in found)),
        problems=len(known),
        of=len(shares),
        least=ends[0],
        most=ends[1],
    )


def _interval(observed: float, chains: float, rates: JudgeRates) -> tuple[float, float]:
    z2 = _Z**2
    p = (chains * observed + z2 / 2) / (chains + z2)
    some, more = rates.wrong + 2, rates.right + 2
    spec, sens = (rates.wrong - rates.wrong_accepted + 1) / some, (rates.right_accepted + 1) / more
    signal = spec + sens - 1
    if signal <= 0:
        return 0.0, 1.0
    theta = (p + spec - 1) / signal
    of_spec, of_sens = spec * (1 - spec) / some, sens * (1 - sens) / more
    shift = 2 * z2 * (theta * of_sens - (1 - theta) * of_spec)
    error = (
        sqrt(p * (1 - p) / (chains + z2) + (1 - theta) ** 2 * of_spec + theta**2 * of_sens) / signal
    )
    low, high = theta + shift - _Z * error, theta + shift + _Z * error
    return min(max(low, 0.0), 1.0), min(max(high, 0.0), 1.0)


def _independent(shares: Sequence[float], chains: int) -> float:
    observed, spread = fmean(shares), pvariance(shares)
    if observed in (0.0, 1.0):
        return float(len(shares))
    return min(len(shares) * observed * (1 - observed) / spread, chains) if spread else chains


def rate(accepted: Sequence[bool | None]) -> Estimate:
    """The share of chains that a judge accepts; one without a verdict widens the interval."""
    return estimate_within([UNKNOWN if one is None else exactly(float(one)) for one in accepted])

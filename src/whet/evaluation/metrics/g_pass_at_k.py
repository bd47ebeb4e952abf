"""G-Pass@k over problems: are at least τk of k samples right?"""

from collections.abc import Sequence
from functools import partial
from math import ceil, fsum

from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.estimates import mean_count
from whet.evaluation.passk import check_drawn
from whet.evaluation.samples import Problem
from whet.types import UsageError

_ROUNDING = 1e-9  # τk above a whole number by less is that number: 0.55 · 20 is 11.000000000000002


def g_pass_at_k(attempts: int, right: int, k: int, *, tau: float) -> float:
    """G-Pass@k_τ = Σ_{j ≥ m} C(c, j) C(n − c, k − j) / C(n, k), with m = max(⌈τk⌉, 1).

    The upper tail of the hypergeometric distribution (Liu et al. 2024, "Are Your LLMs Capable of
    Stable Reasoning?", arXiv:2412.13147).  τ = 0 gives pass@k, τ = 1 gives pass^k.  Raises
    `UsageError` for k > n, and for a τ that is not a share.
    """
    check_drawn(attempts, right, k)
    if not 0 <= tau <= 1:
        raise UsageError(f"tau is {tau}; give a share from 0 to 1")
    return _tail(attempts, right, k, max(ceil(tau * k - _ROUNDING), 1))


def mg_pass_at_k(attempts: int, right: int, k: int) -> float:
    """mG-Pass@k = 2 ∫_{1/2}^1 G-Pass@k_τ dτ, the mean over the thresholds from a half on.

    For even k it is the paper's sum, (2/k) Σ_{i = k/2 + 1}^k G-Pass@k_{i/k} (arXiv:2412.13147).
    For odd k that sum leaves out half a step of the integral, so that not even a policy that is
    always right reaches 1; here the step counts, with its weight 1/k.
    """
    check_drawn(attempts, right, k)
    steps = [_tail(attempts, right, k, hits) * 2 / k for hits in range(k // 2 + 1, k + 1)]
    if k % 2:
        steps[0] /= 2
    return fsum(steps)


def mean_g_pass_at_k(problems: Sequence[Problem], k: int, tau: float) -> Estimate:
    """The mean of G-Pass@k_τ.  Raises `UsageError` for k > n."""
    return mean_count(problems, partial(g_pass_at_k, tau=tau), k)


def mean_mg_pass_at_k(problems: Sequence[Problem], k: int) -> Estimate:
    """The mean of mG-Pass@k.  Raises `UsageError` for k > n."""
    return mean_count(problems, mg_pass_at_k, k)


def _tail(attempts: int, right: int, k: int, hits: int) -> float:
    from scipy.stats import hypergeom  # its import takes half a second

    return float(hypergeom.sf(hits - 1, attempts, right, k))

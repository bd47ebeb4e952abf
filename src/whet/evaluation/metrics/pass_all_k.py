"""pass^k over problems: are all of k samples right?"""

from collections.abc import Sequence
from math import perm

from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.estimates import mean_count
from whet.evaluation.passk import check_drawn
from whet.evaluation.samples import Problem


def pass_all_k(attempts: int, right: int, k: int) -> float:
    """pass^k = C(c, k) / C(n, k), of n samples with c right: an agent's reliability.

    Unbiased (Yao et al. 2024, "τ-bench", arXiv:2406.12045).  In whole numbers, divided once.
    Raises `UsageError` for k > n.
    """
    check_drawn(attempts, right, k)
    return perm(right, k) / perm(attempts, k)


def mean_pass_all_k(problems: Sequence[Problem], k: int) -> Estimate:
    """The mean of pass^k.  Raises `UsageError` for k > n."""
    return mean_count(problems, pass_all_k, k)

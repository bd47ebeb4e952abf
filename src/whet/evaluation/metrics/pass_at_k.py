"""pass@k over problems: is one of k samples right?"""

from collections.abc import Sequence

from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.estimates import mean_count
from whet.evaluation.passk import pass_at_k
from whet.evaluation.samples import Problem


def mean_pass_at_k(problems: Sequence[Problem], k: int) -> Estimate:
    """The mean of pass@k = 1 − C(n − c, k) / C(n, k) (Chen et al. 2021, arXiv:2107.03374).

    With n < 2k the variance of a problem's estimate is large.  Raises `UsageError` for k > n.
    """
    return mean_count(problems, pass_at_k, k)


def mean_average(problems: Sequence[Problem]) -> Estimate:
    """avg@n, the mean of c / n: pass@1 from all n samples of a problem."""
    return mean_pass_at_k(problems, 1)

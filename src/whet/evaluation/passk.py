"""pass@k: the probability that one of k attempts succeeds."""

from math import prod

from whet.types import UsageError


def pass_at_k(attempts: int, right: int, k: int) -> float:
    """The unbiased estimate (Chen et al. 2021, arXiv:2107.03374).

    1 − C(n − c, k) / C(n, k)  =  1 − Π_{j = n−c+1}^{n} (1 − k/j),   n attempts, c of them right.

    Raises `UsageError` for k > n: that many attempts were not made.
    """
    if not 1 <= k <= attempts:
        raise UsageError(f"k is {k} with {attempts} samples; give 1 to {attempts}, or more samples")
    if attempts - right < k:
        return 1.0
    return 1.0 - prod(1.0 - k / j for j in range(attempts - right + 1, attempts + 1))

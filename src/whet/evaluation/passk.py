"""pass@k: the probability that one of k attempts succeeds."""

from math import perm

from whet.types import UsageError


def pass_at_k(attempts: int, right: int, k: int) -> float:
    """The unbiased estimate (Chen et al. 2021, arXiv:2107.03374).

    1 − C(n − c, k) / C(n, k)  =  1 − (n − b)! (n − a)! / ((n − a − b)! n!)

    of n attempts, c of them right, with a = min(c, k) and b = max(c, k).  The fraction is made of
    whole numbers, a factors each, and is divided once.  So the result is correctly rounded for
    every n: nothing overflows, nothing cancels, and it rises with k and with c.

    Raises `UsageError` for k > n: that many attempts were not made.
    """
    check_drawn(attempts, right, k)
    fewer, more = sorted((right, k))
    all_sets = perm(attempts, fewer)
    return (all_sets - perm(attempts - more, fewer)) / all_sets


def check_drawn(attempts: int, right: int, k: int) -> None:
    """Raise `UsageError` unless k of n attempts can be drawn, of which c are right."""
    if not 1 <= k <= attempts:
        raise UsageError(f"k is {k} with {attempts} samples; give 1 to {attempts}, or more samples")
    if not 0 <= right <= attempts:
        raise UsageError(f"right is {right} of {attempts} samples; give 0 to {attempts}")

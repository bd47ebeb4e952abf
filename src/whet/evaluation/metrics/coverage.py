"""The coverage curve: pass@k for k = 1, 2, 4, … n."""

from collections.abc import Mapping, Sequence

from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.estimates import asked
from whet.evaluation.metrics.pass_at_k import mean_pass_at_k
from whet.evaluation.samples import Problem


def coverage_curve(problems: Sequence[Problem]) -> Mapping[int, Estimate]:
    """pass@k by k: the powers of two below n, and n itself, for a plot over log k.

    n is the smallest number of samples of a problem.  Empty without any.
    """
    most = min((len(problem.samples) for problem in asked(problems)), default=0)
    return {k: mean_pass_at_k(problems, k) for k in powers(most)}


def powers(most: int) -> list[int]:
    """1, 2, 4, … below n, and n; none for 0."""
    below = [2**power for power in range(most.bit_length()) if 2**power < most]
    return [*below, most] if most else []

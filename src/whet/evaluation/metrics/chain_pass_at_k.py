"""CoT-pass@k over problems: is one of k samples right by its answer and by its chain of thought?"""

from collections.abc import Sequence

from whet.evaluation.bounds import Bounds, both, conditional_bounds
from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.estimates import mean_count, mean_over
from whet.evaluation.passk import pass_at_k
from whet.evaluation.samples import Problem, Sample


def chain_and_answer(sample: Sample) -> bool | None:
    """Whether answer and chain are right; False where one is known not to be."""
    return both(sample.correct, sample.chain_correct)


def mean_chain_pass_at_k(problems: Sequence[Problem], k: int) -> Estimate:
    """The mean of CoT-pass@k = 1 − C(n − d, k) / C(n, k).

    d of n samples have a right answer and a right chain of thought (Wen et al. 2025,
    arXiv:2506.14245; its equation was read as quoted by others: 1 − C(G − D, K) / C(G, K), with D
    the number of correct chains whose answer is correct).  It is at most pass@k.  A chain that was
    not judged is a missing verdict only where the answer is not wrong.  Raises `UsageError` for
    k > n.
    """
    return mean_count(problems, pass_at_k, k, chain_and_answer)


def mean_chain_given_answer(problems: Sequence[Problem]) -> Estimate:
    """P(chain right | answer right), the mean over the problems with a right answer.

    Of the paper above, which reports that it levels off near 0.7 in training.
    """
    return mean_over(problems, chain_share)


def chain_share(problem: Problem) -> Bounds | None:
    """The share of right chains among the samples with a right answer; None without any."""
    return conditional_bounds([(one.correct, one.chain_correct) for one in problem.samples])

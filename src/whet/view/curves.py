"""Metrics of an evaluation by the number of samples k, side by side."""

from collections.abc import Callable, Mapping, Sequence

from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.chain_pass_at_k import mean_chain_pass_at_k
from whet.evaluation.metrics.coverage import powers
from whet.evaluation.metrics.estimates import asked
from whet.evaluation.metrics.majority import mean_majority_at_k
from whet.evaluation.metrics.pass_at_k import mean_pass_at_k
from whet.evaluation.samples import Problem, Sample, problems_of

Metric = Callable[[Sequence[Problem], int], Estimate]
Curves = Mapping[str, Mapping[int, Estimate]]


def curves(rows: Sequence[Sample]) -> Curves:
    """pass@k, maj@k and CoT-pass@k of the sampled replies, for k = 1, 2, 4, … n.

    maj@k is left out where no reward says what it compared, CoT-pass@k where nothing checked a
    chain.  n is the smallest number of samples of a problem.
    """
    problems = asked(problems_of(row for row in rows if not row.greedy))
    most = min((len(problem.samples) for problem in problems), default=0)
    metrics: dict[str, Metric] = {"pass@k": mean_pass_at_k}
    if any(row.extracted is not None for row in rows):
        metrics["maj@k"] = mean_majority_at_k
    if any(row.chain_correct is not None for row in rows):
        metrics["CoT-pass@k"] = mean_chain_pass_at_k
    return {
        name: {k: metric(problems, k) for k in powers(most)} for name, metric in metrics.items()
    }


def curve_lines(found: Curves) -> list[str]:
    """A table with a row for each k and a column for each metric, with 95% intervals."""
    names = list(found)
    heads = f"  {'k':>6}  " + "".join(f"{name:24}" for name in names)
    rows = [
        f"  {k:>6}  " + "".join(f"{str(found[name][k]):24}" for name in names)
        for k in found[names[0]]
    ]
    return [heads.rstrip(), *(row.rstrip() for row in rows)] if rows else []

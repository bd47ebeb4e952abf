"""Every metric of a record of samples, as the rows of one table, and as curves."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import isnan, log2

from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.auroc import pooled_auroc
from whet.evaluation.metrics.brier import mean_brier
from whet.evaluation.metrics.calibration_error import calibration_error
from whet.evaluation.metrics.chain_pass_at_k import mean_chain_given_answer, mean_chain_pass_at_k
from whet.evaluation.metrics.columns import Columns, column, vote_shares
from whet.evaluation.metrics.coverage import powers
from whet.evaluation.metrics.estimates import asked
from whet.evaluation.metrics.g_pass_at_k import mean_g_pass_at_k, mean_mg_pass_at_k
from whet.evaluation.metrics.lengths import (
    mean_right_length,
    mean_truncated,
    mean_wrong_length,
)
from whet.evaluation.metrics.majority import mean_majority_at_k
from whet.evaluation.metrics.pass_all_k import mean_pass_all_k
from whet.evaluation.metrics.pass_at_k import mean_pass_at_k
from whet.evaluation.metrics.selective import pooled_aurc, pooled_coverage_at
from whet.evaluation.metrics.token_budget import (
    budget_curve,
    mean_budget_area,
    tokens_per_right,
)
from whet.evaluation.samples import Problem, Sample, problems_of
from whet.view.charts import Point, chart

Metric = Callable[[Sequence[Problem], int], Estimate]
_ACCURATE = 0.95  # of the answers that a selective policy gives
_WITHIN = "right within tokens"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow:
    """One number: a metric, at a k or at a budget of tokens, with its interval."""

    metric: str
    at: int | None
    estimate: Estimate


def metric_rows(samples: Sequence[Sample]) -> tuple[MetricRow, ...]:
    """The metrics of the sampled replies; those that nothing was recorded for are left out."""
    problems = asked(problems_of(sample for sample in samples if not sample.greedy))
    if not problems:
        return ()
    counted = all(s.tokens is not None for problem in problems for s in problem.samples)
    found = [*_by_k(problems), *_plain(problems), *_calibration(problems)]
    if counted:  # by the server, where there is one
        found += [*_by_budget(problems), *_by_length(problems)]
    return tuple(row for row in found if row.estimate.of)


def curve_charts(rows: Sequence[MetricRow]) -> Iterator[str]:
    """The curves over log₂ k, and over the budget of tokens, as SVG."""
    curves: dict[str, list[Point]] = {}
    for row in rows:
        if row.at is not None and row.estimate.problems:
            curves.setdefault(row.metric, []).append((log2(row.at), row.estimate.value))
    budget = {name: points for name, points in curves.items() if name == _WITHIN}
    by_k = {name: points for name, points in curves.items() if name not in budget}
    yield chart("By the number of samples", by_k, "log₂ k")
    yield chart("Right within a budget", budget, "log₂ tokens")


def _by_k(problems: Sequence[Problem]) -> Iterator[MetricRow]:
    samples = [sample for problem in problems for sample in problem.samples]
    metrics: dict[str, Metric] = {
        "pass@k": mean_pass_at_k,
        "pass^k": mean_pass_all_k,
        "G-Pass@k(0.5)": partial(mean_g_pass_at_k, tau=0.5),
        "mG-Pass@k": mean_mg_pass_at_k,
    }
    if any(sample.extracted is not None for sample in samples):
        metrics["maj@k"] = mean_majority_at_k
    if any(sample.chain_correct is not None for sample in samples):
        metrics["CoT-pass@k"] = mean_chain_pass_at_k
    most = min(len(problem.samples) for problem in problems)
    for name, metric in metrics.items():
        for k in powers(most):
            yield MetricRow(metric=name, at=k, estimate=metric(problems, k))


def _by_budget(problems: Sequence[Problem]) -> Iterator[MetricRow]:
    longest = max(sample.length for problem in problems for sample in problem.samples)
    for budget, found in budget_curve(problems, powers(longest)).items():
        yield MetricRow(metric=_WITHIN, at=budget, estimate=found)
    if longest:
        area = mean_budget_area(problems, longest)
        yield MetricRow(metric="area under right within tokens", at=None, estimate=area)


def _by_length(problems: Sequence[Problem]) -> Iterator[MetricRow]:
    metrics = {
        "tokens per right answer": tokens_per_right,
        "tokens of right replies": mean_right_length,
        "tokens of wrong replies": mean_wrong_length,
    }
    for name, metric in metrics.items():
        yield MetricRow(metric=name, at=None, estimate=metric(problems))


def _plain(problems: Sequence[Problem]) -> Iterator[MetricRow]:
    metrics = {"cut off": mean_truncated}
    if any(sample.chain_correct is not None for one in problems for sample in one.samples):
        metrics["chain right, given a right answer"] = mean_chain_given_answer
    for name, metric in metrics.items():
        yield MetricRow(metric=name, at=None, estimate=metric(problems))


def _calibration(problems: Sequence[Problem]) -> Iterator[MetricRow]:
    sources: Mapping[str, Columns] = {
        "stated confidence": column(problems, lambda sample: sample.confidence),
        "share of votes": vote_shares(problems),
    }
    for name, confidence in sources.items():
        if all(isnan(number) for row in confidence for number in row):
            continue
        metrics = {
            "Brier score": mean_brier(problems, confidence),
            "ECE": calibration_error(problems, confidence).plain,
            "AUROC": pooled_auroc(problems, confidence),
            "AURC": pooled_aurc(problems, confidence),
            f"coverage at {_ACCURATE}": pooled_coverage_at(problems, confidence, _ACCURATE),
        }
        for metric, found in metrics.items():
            yield MetricRow(metric=f"{metric}, {name}", at=None, estimate=found)

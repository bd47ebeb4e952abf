"""Compare two models by their samples of the same problems, from Python and for `whet compare`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from whet.evaluation.metrics.crossing import Crossing, NoCrossing, crossing
from whet.evaluation.metrics.estimates import asked
from whet.evaluation.passk import pass_at_k
from whet.evaluation.sample_file import read_samples
from whet.evaluation.samples import Problem, Sample, plain, problems_of
from whet.evaluation.statistics.comparison import Comparison, compare
from whet.training import card
from whet.training.ledger import EVALUATIONS
from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two models on the same problems; every difference is of the model less the baseline."""

    at: Mapping[int, Comparison]  # by k of pass@k
    crossing: Crossing | NoCrossing
    tokens: tuple[float, float]  # a sample, of the baseline and of the model
    left_out: int  # problems with a missing verdict in either


def compared(model: str | Path, baseline: str | Path, ks: Sequence[int] = ()) -> Compared:
    """Compare two sample files, or the final evaluations of two runs.

    By problem, pass@k of the model less that of the baseline; the interval and the verdict are
    those of `whet.evaluation.statistics.comparison.compare`.  By default k is 1 and n.  A problem
    with a missing verdict in either is left out, and counted.

    Raises `UsageError` for different problems, and for a k above the number of samples.
    """
    first, second = _problems(samples_of(model)), _problems(samples_of(baseline))
    names = [name for name, problem in first.items() if not problem.missing]
    whole = [name for name in names if name in second and not second[name].missing]
    found = crossing(list(first.values()), list(second.values()))
    return Compared(
        at={
            k: compare(
                {name: _passed(first[name], k) for name in whole},
                {name: _passed(second[name], k) for name in whole},
            )
            for k in ks or sorted({1, found.most})
        },
        crossing=found,
        tokens=(_tokens(second), _tokens(first)),
        left_out=len(first) - len(whole),
    )


def samples_of(place: str | Path) -> tuple[Sample, ...]:
    """The plain samples of a file, or those of the newest final evaluation of a run."""
    folder = Path(place)
    if not card.exists(folder):
        return plain(read_samples(folder))
    kept = sorted((folder / EVALUATIONS).glob("final-*.jsonl"))
    if not kept:
        raise UsageError(
            f"run {str(place)!r} has no final evaluation with its samples; run whet eval with --out"
        )
    return plain(read_samples(kept[-1]))


def _problems(samples: Sequence[Sample]) -> dict[str, Problem]:
    sampled = problems_of(sample for sample in samples if not sample.greedy)
    return {problem.name: problem for problem in asked(sampled)}


def _passed(problem: Problem, k: int) -> float:
    return pass_at_k(len(problem.samples), problem.right, k)


def _tokens(problems: Mapping[str, Problem]) -> float:
    lengths = [sample.tokens for problem in problems.values() for sample in problem.samples]
    return sum(lengths) / len(lengths)

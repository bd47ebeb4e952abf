"""Compare two models by their samples of the same problems, from Python and for `whet compare`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path

from whet.evaluation.metrics.crossing import Crossing, NoCrossing, crossing
from whet.evaluation.metrics.estimates import asked
from whet.evaluation.passk import pass_at_k
from whet.evaluation.sample_file import read_samples
from whet.evaluation.samples import Problem, Sample, plain, problems_of
from whet.evaluation.statistics.comparison import ModelComparison, compare
from whet.evaluation.statistics.equivalence import Equivalence, equivalence
from whet.training import card
from whet.training.ledger import EVALUATIONS
from whet.types import UsageError

_LEAST = 2  # problems: one difference has no spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two models on the same problems; every difference is of the model less the baseline."""

    at: Mapping[int, ModelComparison]  # by k of pass@k
    crossing: Crossing | NoCrossing
    tokens: tuple[float, float]  # a sample, of the baseline and of the model; NaN: not counted
    left_out: int  # problems with a missing verdict in either
    equal: Mapping[int, Equivalence]  # by k: equal up to the margin; empty without a margin


def compared(
    model: str | Path,
    baseline: str | Path,
    ks: Sequence[int] = (),
    margin: float | None = None,
) -> Compared:
    """Compare two sample files, or the final evaluations of two runs.

    By problem, pass@k of the model less that of the baseline; the interval and the verdict are
    those of `whet.evaluation.statistics.comparison.compare`.  By default k is 1 and n.  A problem
    with a missing verdict in either is left out, and counted.  With a `margin` the two one-sided
    tests of equality are made, too, over problems.

    Raises `UsageError` for different problems, for fewer than two that can be compared, and for a k
    above the number of samples.
    """
    first, second = problems_at(model), problems_at(baseline)
    if alone := sorted(first.keys() ^ second.keys()):
        place = model if alone[0] in first else baseline
        raise UsageError(
            f"problem {alone[0]!r:.60} is in {str(place)!r} only, and {len(alone) - 1} more are in "
            "one of the two; compare evaluations of the same problems"
        )
    whole = [name for name, one in first.items() if not one.missing + second[name].missing]
    if len(whole) < _LEAST:
        raise UsageError(
            f"{len(whole)} of {len(first)} problems of {str(model)!r} have all verdicts in both; "
            f"compare {_LEAST} or more"
        )
    found = crossing(list(first.values()), list(second.values()))
    values = {
        k: [{name: _passed(one[name], k) for name in whole} for one in (first, second)]
        for k in ks or sorted({1, found.most})
    }
    return Compared(
        at={k: compare(*pair) for k, pair in values.items()},
        crossing=found,
        tokens=(_tokens(second), _tokens(first)),
        left_out=len(first) - len(whole),
        equal={
            k: equivalence([one[name] - other[name] for name in whole], margin=margin)
            for k, (one, other) in values.items()
            if margin is not None
        },
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


def problems_at(place: str | Path) -> dict[str, Problem]:
    """The problems of a file or a run that its reward covers, by name.

    Raises `UsageError` where there is none, and where there are no samples.
    """
    samples = samples_of(place)
    sampled = problems_of(sample for sample in samples if not sample.greedy)
    if not sampled:
        only = "greedy replies" if samples else "test-time strategies"
        raise UsageError(f"{str(place)!r} has {only} only; evaluate with samples")
    found = {problem.name: problem for problem in asked(sampled)}
    if not found:
        raise UsageError(f"the reward of {str(place)!r} is not applicable to any of its problems")
    return found


def _passed(problem: Problem, k: int) -> float:
    return pass_at_k(len(problem.samples), problem.right, k)


def _tokens(problems: Mapping[str, Problem]) -> float:
    lengths = [sample.tokens for problem in problems.values() for sample in problem.samples]
    counted = [length for length in lengths if length is not None]
    return sum(counted) / len(lengths) if len(counted) == len(lengths) else nan

"""Compare two methods by several runs of each, on the same problems: one run for each seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from whet.evaluation.passk import pass_at_k
from whet.evaluation.samples import Problem
from whet.evaluation.statistics.comparison import ModelStanding
from whet.evaluation.statistics.crossed import crossed
from whet.evaluation.statistics.equivalence import Equivalence, equivalence
from whet.evaluation.statistics.interval import Interval
from whet.evaluation.statistics.power import ALPHA
from whet.evaluation.statistics.seeds import SeedTest, seed_test
from whet.front.comparing import problems_at
from whet.types import UsageError

_Problems = Mapping[str, Problem]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedComparison:
    """Which method is better at one k; differences are of the model less the baseline."""

    standing: ModelStanding
    over_both: Interval  # for new seeds and new problems
    over_seeds: SeedTest  # for new seeds on these problems
    equal: Equivalence | None  # the test of equality over seeds, where a margin was given

    def __str__(self) -> str:
        both, told = self.over_both, "" if self.equal is None else f"; {self.equal}"
        return (
            f"{self.standing}: {both.value:+.3f} [{both.low:+.3f}, {both.high:+.3f}] over seeds "
            f"and problems; over seeds {self.over_seeds}{told}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedSeeds:
    """Two methods, each with a run for every seed."""

    at: Mapping[int, SeedComparison]  # by k of pass@k
    problems: int
    left_out: int  # problems with a missing verdict in any run


def compared_seeds(
    models: Sequence[str],
    baselines: Sequence[str],
    ks: Sequence[int] = (),
    margin: float | None = None,
) -> ComparedSeeds:
    """Compare the runs of two methods, paired in their order: the first with the first, and so on.

    The i-th runs of both have one seed, so they share what the seed decides.  The seed is the outer
    unit.  Better or worse: the interval over seeds and problems excludes 0, and the exact Wilcoxon
    test over seeds has p ≤ .05, for which six seeds are needed.  By default k is 1 and n.

    Raises `UsageError` for unequal numbers of runs, a run that is given twice, unequal problems, or
    fewer than two runs.
    """
    if len(models) != len(baselines) or len(models) < 2:  # noqa: PLR2004
        raise UsageError(
            f"model has {len(models)} runs, baseline {len(baselines)}; give two or more of each, "
            "and equally many, for they are compared in pairs"
        )
    for side, places in (("model", models), ("baseline", baselines)):
        _refuse_repeated(side, places)
    pairs = [
        (problems_at(one), problems_at(other)) for one, other in zip(models, baselines, strict=True)
    ]
    every = [problems for pair in pairs for problems in pair]
    places = [place for pair in zip(models, baselines, strict=True) for place in pair]
    names = _shared(every, places)
    whole = [name for name in names if not any(problems[name].missing for problems in every)]
    if len(whole) < 2:  # noqa: PLR2004
        raise UsageError(
            f"{len(whole)} of {len(names)} problems have all verdicts of all runs; judge the others"
        )
    most = min(len(problems[name].samples) for problems in every for name in whole)
    return ComparedSeeds(
        at={k: _at(pairs, whole, k, margin) for k in ks or sorted({1, most})},
        problems=len(whole),
        left_out=len(names) - len(whole),
    )


def _at(
    pairs: Sequence[tuple[_Problems, _Problems]],
    names: Sequence[str],
    k: int,
    margin: float | None,
) -> SeedComparison:
    table = {
        seed: {name: _passed(model[name], k) - _passed(baseline[name], k) for name in names}
        for seed, (model, baseline) in enumerate(pairs)
    }
    means = [sum(row.values()) / len(row) for row in table.values()]
    both, seeds = crossed(table), seed_test(means)
    decided = seeds.p <= ALPHA and not both.low <= 0 <= both.high
    better = ModelStanding.BETTER if both.value > 0 else ModelStanding.WORSE
    return SeedComparison(
        standing=better if decided else ModelStanding.UNDECIDED,
        over_both=both,
        over_seeds=seeds,
        equal=None if margin is None else equivalence(means, margin=margin),
    )


def _refuse_repeated(side: str, places: Sequence[str]) -> None:
    """Raise `UsageError` for a run that is given twice: it is one seed, and no second draw."""
    seen: set[Path] = set()
    for place in places:
        found = Path(place).resolve()
        if found in seen:
            raise UsageError(f"{side} has {place!r} twice; give each seed a run of its own")
        seen.add(found)


def _shared(every: Sequence[_Problems], places: Sequence[str]) -> list[str]:
    """The problems of all runs; raises `UsageError` where a run has others."""
    for place, problems in zip(places, every, strict=True):
        odd = sorted(every[0].keys() ^ problems.keys())
        if odd:
            raise UsageError(
                f"problem {odd[0]!r} is in one of {places[0]!r} and {place!r} alone; compare runs "
                "on the same problems"
            )
    return list(every[0])


def _passed(problem: Problem, k: int) -> float:
    return pass_at_k(len(problem.samples), problem.right, k)

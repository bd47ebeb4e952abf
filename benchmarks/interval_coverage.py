"""Coverage and mean width of 95 % intervals by simulation: the table and interval_coverage.json.

    python benchmarks/interval_coverage.py --out benchmarks/interval_coverage.json

Sections.  `one model`: means of n samples of P problems, right with a chance that is drawn from a
beta distribution of mean m and concentration s (s = 0.5: most problems are easy or hard; s = 10:
most are alike); the truth is m.  `two models`: the difference on the same problems.  `clusters`:
problems within families.  `seeds`: new seeds and new problems.  `two stage`: samples drawn, too.

A coverage outside .935 to .965 is marked with *.  Its standard error is √(.95 · .05 / trials).
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from interval_methods import Ends, intervals

from whet.evaluation.statistics.bootstrap import bootstrap, bootstrap_clusters
from whet.evaluation.statistics.crossed import crossed
from whet.evaluation.statistics.interval import Interval
from whet.evaluation.statistics.nested_bootstrap import bootstrap_hierarchical, bootstrap_two_stage
from whet.evaluation.statistics.paired import paired_interval
from whet.evaluation.statistics.student import t_interval

CLOSED, RESAMPLED, COMPARED = 2000, 1000, 100  # trials: formulas, whet's resampling, others'
LEAST, MOST = 0.935, 0.965  # coverage within 1.5 points
SIZES, SAMPLES, MEANS = (30, 100, 500), (1, 8, 64), (0.02, 0.1, 0.3, 0.5, 0.98)
CONCENTRATIONS = (0.5, 2.0, 10.0)

Row = dict[str, Any]
Trial = Callable[[int], Mapping[str, Ends]]


def measured(setting: Row, truth: float, trial: Trial, trials: int) -> Row:
    """Coverage and mean width by method; a method may sit out a trial."""
    hits: dict[str, list[bool]] = {}
    widths: dict[str, list[float]] = {}
    for number in range(trials):
        for name, (low, high) in trial(number).items():
            hits.setdefault(name, []).append(low - 1e-12 <= truth <= high + 1e-12)
            widths.setdefault(name, []).append(high - low)
    found = {
        name: {
            "coverage": round(float(np.mean(hits[name])), 4),
            "width": round(float(np.mean(widths[name])), 4),
            "trials": len(hits[name]),
        }
        for name in hits
    }
    return {**setting, "truth": truth, "methods": found}


def shares(rng: np.random.Generator, chances: np.ndarray, samples: int) -> np.ndarray:
    """The share of right samples of each problem."""
    return rng.binomial(samples, chances) / samples


def one_model() -> Iterator[Row]:
    """The mean of one model."""
    for size, samples, mean in product(SIZES, SAMPLES, MEANS):
        for concentration in CONCENTRATIONS if samples > 1 else (2.0,):
            setting = {"P": size, "n": samples, "m": mean, "s": concentration}
            trial = of_one_model(size, samples, (mean * concentration, (1 - mean) * concentration))
            yield measured(setting, mean, trial, CLOSED)


def of_one_model(size: int, samples: int, shape: Ends) -> Trial:
    """Chances from a beta distribution."""
    rng = np.random.default_rng(0)

    def trial(number: int) -> Mapping[str, Ends]:
        values = shares(rng, rng.beta(*shape, size), samples)
        return intervals(values, rng if number < COMPARED else None)

    return trial


def two_models() -> Iterator[Row]:
    """The second one has, on half of the problems, a chance of its own, of another mean."""
    pairs = ((0.3, 0.3), (0.3, 0.5), (0.5, 0.9), (0.02, 0.02), (0.02, 0.1), (0.9, 0.98))
    for size, samples, means in product(SIZES, SAMPLES, pairs):
        setting = {"P": size, "n": samples, "means": list(means)}
        trial = of_two_models(size, samples, means)
        yield measured(setting, (means[1] - means[0]) / 2, trial, RESAMPLED)


def of_two_models(size: int, samples: int, means: Ends) -> Trial:
    """Differences on the same problems."""
    rng = np.random.default_rng(0)

    def trial(_number: int) -> Mapping[str, Ends]:
        first, second = (rng.beta(m, 1 - m, size) for m in means)
        second = np.where(rng.random(size) < 0.5, first, second)
        found = shares(rng, second, samples) - shares(rng, first, samples)
        if np.ptp(found) == 0:
            return ends(whet=paired_interval(found))
        return ends(whet=paired_interval(found), t=t_interval(found))

    return trial


def clusters() -> Iterator[Row]:
    """Families of 3 to 24 problems, whose mean difficulty differs."""
    for families in (3, 5, 8, 12, 20, 50):
        yield measured({"families": families}, 0.4, of_clusters(families), RESAMPLED)


def of_clusters(families: int) -> Trial:
    """Eight samples of each problem."""
    rng = np.random.default_rng(0)

    def trial(_number: int) -> Mapping[str, Ends]:
        sizes = rng.integers(3, 25, families)
        mean = np.repeat(np.clip(rng.beta(1.6, 2.4, families), 0.01, 0.99), sizes)
        values = shares(rng, rng.beta(2 * mean, 2 * (1 - mean)), 8)
        names = [str(x) for x in np.repeat(np.arange(families), sizes)]
        return ends(by_cluster=bootstrap_clusters(values, names), by_problem=bootstrap(values))

    return trial


def seeds() -> Iterator[Row]:
    """Effects of seed, problem and noise on 100 problems; the truth is their mean, 0."""
    every = ((0.0, 0.0, 0.3), (0.02, 0.0, 0.3), (0.0, 0.2, 0.3), (0.02, 0.2, 0.3), (0.05, 0.2, 0.3))
    for count, scales in product((3, 5, 8), every):
        setting = {"seeds": count} | dict(zip(("seed", "problem", "noise"), scales, strict=True))
        yield measured(setting, 0.0, of_seeds(count, scales), RESAMPLED)


def of_seeds(count: int, scales: tuple[float, float, float]) -> Trial:
    """Normal effects with these standard deviations."""
    rng = np.random.default_rng(0)

    def trial(_number: int) -> Mapping[str, Ends]:
        table = scales[0] * rng.normal(size=(count, 1)) + scales[1] * rng.normal(size=(1, 100))
        table = table + scales[2] * rng.normal(size=(count, 100))
        named = {s: {str(p): float(v) for p, v in enumerate(row)} for s, row in enumerate(table)}
        return ends(
            crossed=crossed(named),
            seeds_alone=t_interval(table.mean(1)),
            hierarchical=bootstrap_hierarchical(list(table)),
        )

    return trial


def two_stage() -> Iterator[Row]:
    """Eight samples of each problem, drawn again within problems or not."""
    for size, concentration in product((30, 100), CONCENTRATIONS):
        setting = {"P": size, "n": 8, "s": concentration}
        yield measured(setting, 0.4, of_two_stages(size, concentration), RESAMPLED)


def of_two_stages(size: int, concentration: float) -> Trial:
    """Right and wrong samples."""
    rng = np.random.default_rng(0)

    def trial(_number: int) -> Mapping[str, Ends]:
        chances = rng.beta(0.4 * concentration, 0.6 * concentration, size)
        samples = (rng.random((size, 8)) < chances[:, None]).astype(float)
        found = bootstrap_two_stage(list(samples))
        return ends(two_stage=found, by_problem=bootstrap(samples.mean(1)))

    return trial


def ends(**found: Interval) -> dict[str, Ends]:
    """The ends of intervals by name."""
    return {name: (interval.low, interval.high) for name, interval in found.items()}


SECTIONS = {
    "one model": one_model,
    "two models": two_models,
    "clusters": clusters,
    "seeds": seeds,
    "two stage": two_stage,
}


def line(row: Row) -> str:
    """A row of the table: the setting, then coverage/width of each method."""
    setting = "  ".join(f"{k} {v}" for k, v in row.items() if k not in ("truth", "methods"))
    return f"{setting:<32}" + "  ".join(cell(*item) for item in row["methods"].items())


def cell(name: str, found: Row) -> str:
    """Coverage, marked where it is off, and width."""
    mark = " " if LEAST <= found["coverage"] <= MOST else "*"
    return f"{name} {found['coverage']:.3f}{mark}{found['width']:.3f}"


def main() -> None:
    """Print the table, and write the file."""
    words = argparse.ArgumentParser()
    words.add_argument("--out", type=Path)
    words.add_argument("--sections", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    asked = words.parse_args()
    found: dict[str, list[Row]] = {}
    for name in asked.sections:
        print(f"\n{name}")
        for row in SECTIONS[name]():
            found.setdefault(name, []).append(row)
            print(line(row), flush=True)
    if asked.out:
        asked.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()

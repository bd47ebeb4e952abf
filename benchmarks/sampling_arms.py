"""Sampling strategies compared by decoded tokens, paired on bases.

    python benchmarks/sampling_arms.py bases --bases 8
    python benchmarks/sampling_arms.py run matched --bases 8
    python benchmarks/sampling_arms.py table matched
    python benchmarks/sampling_arms.py picture recipes

An *experiment* is a setting with several *arms*: command lines of `staircase` or of a recipe like
it.  A base is trained once per seed; all arms of an experiment go on from the same bases.  Every
finished arm is one row of benchmarks/sampling/EXPERIMENT.jsonl.  A row that is there already is not
run again.

The measure is the number of decoded tokens until the dev accuracy (pass@1, the mean of two
evaluations five steps apart) reaches a threshold; the crossing is interpolated.  All tokens that
were sampled in training count: pilots, rejected and surplus groups, all branches of trees.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, isfinite, log, nan, sqrt
from pathlib import Path
from statistics import fmean, geometric_mean, median, stdev
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from sampling_experiments import EXPERIMENTS, Experiment
from scipy import stats

from whet.cli.parsing import configured
from whet.training.trainer import Evaluated, Event, TrainStep, fit
from whet.types import IntegrityError
from whet.view.charts import chart

ROWS = Path("benchmarks/sampling")
FIRST = 21  # seed of the first base
COMMON = (  # the threshold or the budget ends a run, and only its periodic evaluations count
    "--checkpoints.seconds 1e9 --evaluation.problems 1 --evaluation.samples 1 --evaluation.k 1"
)


@dataclass(slots=True)
class Curve:
    """What an arm did: decoded tokens and dev accuracy, step by step."""

    threshold: float
    tokens: int = 0
    steps: int = 0
    points: list[tuple[int, int, float, float]] = field(default_factory=list)
    reached: bool = False

    def follow(self, event: Event) -> None:
        """Take what an event of the run tells."""
        if isinstance(event, TrainStep):
            self.tokens += event.token_counts["decoded"]
            self.steps = event.number + 1
        elif isinstance(event, Evaluated) and event.name == "periodic":
            card = event.card
            self.points.append((event.step, self.tokens, card.pass_at[1].value, card.greedy.value))
            self.reached = smoothed(self.points)[-1][1] >= self.threshold


def smoothed(points: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """Tokens, and the mean accuracy of an evaluation and the one before it."""
    values = [point[2] for point in points]
    means = [fmean(values[max(0, i - 1) : i + 1]) for i in range(len(values))]
    return [(point[1], mean) for point, mean in zip(points, means, strict=True)]


def crossing(points: Sequence[Sequence[float]], threshold: float) -> float:
    """Tokens at which a curve first reaches the threshold, interpolated; NaN if it never does."""
    before = (0.0, 0.0)
    for tokens, accuracy in smoothed(points):
        if accuracy >= threshold:
            share = (threshold - before[1]) / (accuracy - before[1])
            return before[0] + share * (tokens - before[0])
        before = (tokens, accuracy)
    return nan


def base(seed: int, runs: Path) -> Path:
    """The folder of a base; trained if it is not there."""
    name = f"base-{seed}"
    folder = runs / name / "checkpoints" / "step-000000"
    if not (folder / "model.safetensors").is_file():
        words = [sys.executable, "-m", "whet", "train", "staircase", "--steps", "0"]
        words += ["--seed", str(seed), "--name", name, "--runs", str(runs)]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return folder


def recipe_of(arm: str) -> tuple[str, list[str]]:
    """The recipe of an arm, and its flags."""
    words = arm.split()
    return ("staircase", words) if not words or words[0].startswith("-") else (words[0], words[1:])


def row(experiment: Experiment, arm: str, seed: int, runs: Path) -> dict[str, Any]:
    """Train one arm on one base until its threshold or its last token, and tell what it took."""
    recipe, own = recipe_of(experiment.arms[arm])
    words = [*COMMON.split(), *experiment.common.split(), *own]
    words += ["--steps", str(experiment.steps), "--seed", str(seed)]
    words += ["--base", str(base(seed, runs))]
    run = configured(recipe, words, "train").run
    curve, began, error = Curve(experiment.threshold), time.process_time(), ""

    def over() -> bool:
        return curve.reached or curve.tokens >= experiment.budget

    with TemporaryDirectory() as folder:
        try:
            asyncio.run(followed(fit(run, Path(folder), over), curve))
        except IntegrityError as stopped:
            error = str(stopped).partition(" (the rollouts")[0]
    return {
        "arm": arm,
        "seed": seed,
        "commit": commit(),
        "reached_at": crossing(curve.points, experiment.threshold),
        "tokens": curve.tokens,
        "steps": curve.steps,
        "error": error,
        "cpu_seconds": round(time.process_time() - began, 1),
        "curve": curve.points,
    }


async def followed(events: AsyncIterator[Event], curve: Curve) -> None:
    """Pass all events of a run to its curve."""
    async for event in events:
        curve.follow(event)


def commit() -> str:
    """The commit that the arm ran at, with a mark if files differ from it."""
    words = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def rows_of(name: str) -> list[dict[str, Any]]:
    """The rows that are there under a name."""
    path = ROWS / f"{name}.jsonl"
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def add_row(name: str, found: Mapping[str, Any]) -> None:
    """Append a row to those under a name."""
    ROWS.mkdir(parents=True, exist_ok=True)
    with (ROWS / f"{name}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(found, ensure_ascii=False) + "\n")


def run_all(
    experiment: Experiment, seeds: Sequence[int], runs: Path, part: tuple[int, int]
) -> None:
    """Run what is missing; `part` is this process, and the number that share the work."""
    missing = [(seed, arm) for seed in seeds for arm in experiment.arms]
    for place, (seed, arm) in enumerate(missing):
        known = {(found["seed"], found["arm"]) for found in rows_of(experiment.name)}
        if place % part[1] != part[0] or (seed, arm) in known:
            continue
        found = row(experiment, arm, seed, runs)
        add_row(experiment.name, found)
        print(
            experiment.name, arm, seed, found["reached_at"], f"{found['cpu_seconds']} s", flush=True
        )


class Spent(NamedTuple):
    """Decoded tokens and steps until a threshold, or all of an arm that did not reach it."""

    tokens: float
    steps: float
    reached: bool
    accuracy: float  # at the end, which is the threshold for an arm that reached it

    @classmethod
    def of(cls, found: Mapping[str, Any], threshold: float) -> "Spent":
        """What a row tells."""
        curve = found["curve"]
        tokens = crossing(curve, threshold)
        if isfinite(tokens):
            steps = float(np.interp(tokens, [p[1] for p in curve], [p[0] for p in curve]))
            return cls(tokens, steps, reached=True, accuracy=threshold)
        last = smoothed(curve)[-1][1]
        return cls(float(found["tokens"]), float(found["steps"]), reached=False, accuracy=last)


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Lower end, mean and upper end of a 95% t-interval; NaN for fewer than two values."""
    if len(values) < 2:
        return (nan, nan, nan)
    half = float(stats.t.ppf(0.975, len(values) - 1)) * stdev(values) / sqrt(len(values))
    return (fmean(values) - half, fmean(values), fmean(values) + half)


def paired(first: Mapping[int, Spent], other: Mapping[int, Spent]) -> str:
    """Two arms on common bases: the ratio of tokens, the difference of accuracies at the end, and
    the ratio of steps on the bases where both reached the threshold.

    The ratio is exp of the mean ln ratio, with a 95% t-interval.  An arm that did not reach the
    threshold counts with all its tokens, so the ratio is nearer to 1 than in truth.  It leaves out
    a base on which neither arm reached it.
    """
    pairs = [(first[seed], other[seed]) for seed in sorted(first.keys() & other.keys())]
    logs = [log(two.tokens / one.tokens) for one, two in pairs if one.reached or two.reached]
    low, mid, high = map(exp, interval(logs))
    verdict = "fewer" if high < 1 else "more" if low > 1 else "undecided"
    least, mean, most = interval([two.accuracy - one.accuracy for one, two in pairs])
    ratio = f"{mid:.2f} [{low:.2f}, {high:.2f}] | {verdict} | {len(logs)}"
    both = [two.steps / one.steps for one, two in pairs if one.reached and two.reached]
    steps = f"{geometric_mean(both):.2f} ({len(both)})" if both else "-"
    return f"{ratio} | {mean:+.3f} [{least:+.3f}, {most:+.3f}] | {steps}"


def table(experiment: Experiment, threshold: float, first: str) -> Iterator[str]:
    """One line per arm: how many bases reached the threshold, medians, and the ratio to one arm."""
    held = [found for found in rows_of(experiment.name) if not found["error"]]
    arms = {
        arm: {r["seed"]: Spent.of(r, threshold) for r in held if r["arm"] == arm}
        for arm in experiment.arms
        if any(r["arm"] == arm for r in held)
    }
    heads = f"tokens | ratio to {first} | verdict | pairs | pass@1 at the end | ratio of steps"
    yield f"| arm | reached {threshold} | {heads} |"
    yield "|---|---|---|---|---|---|---|---|"
    for arm, found in arms.items():
        tokens = median(spent.tokens for spent in found.values())
        ratio = "1 | - | - | 0 | 1" if arm == first else paired(arms[first], found)
        told = f"{sum(spent.reached for spent in found.values())} of {len(found)}"
        yield f"| {arm} | {told} | {tokens / 1000:.0f}k | {ratio} |"
    for found in rows_of(experiment.name):
        if found["error"]:
            yield f"{found['arm']}, base {found['seed']}: stopped, {found['error']}"


def mean_curve(held: Sequence[Mapping[str, Any]]) -> list[tuple[float, float]]:
    """Dev accuracy over decoded tokens, the mean of bases at common places, interpolated."""
    curves = [[(tokens, rate) for _, tokens, rate, _ in found["curve"]] for found in held]
    first, last = max(c[0][0] for c in curves), min(c[-1][0] for c in curves)
    places = np.linspace(first, last, 16)
    tokens, rates = ([[point[i] for point in curve] for curve in curves] for i in (0, 1))
    drawn = [np.interp(places, *curve) for curve in zip(tokens, rates, strict=True)]
    means = np.mean(drawn, axis=0)
    return [(place / 1000, mean) for place, mean in zip(places, means, strict=True)]


def picture(experiment: Experiment) -> Path:
    """Draw the mean curve of every arm."""
    held = rows_of(experiment.name)
    curves = {arm: [r for r in held if r["arm"] == arm] for arm in experiment.arms}
    means = {arm: mean_curve(found) for arm, found in curves.items() if found}
    path = Path("docs") / f"sampling-{experiment.name}.svg"
    path.write_text(chart("dev pass@1", means, "thousands of decoded tokens") + "\n")
    return path


def main() -> None:
    """Read the command line and do what it asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["bases", "run", "table", "picture"])
    parser.add_argument("experiment", nargs="?", choices=sorted(EXPERIMENTS))
    parser.add_argument("--bases", type=int, default=8)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--part", default="0/1", help="this process, and how many share the work")
    parser.add_argument("--threshold", type=float, default=0.0, help="another one, of the table")
    parser.add_argument("--against", default="", help="the arm of the ratios, of the table")
    asked = parser.parse_args()
    seeds = range(FIRST, FIRST + asked.bases)
    part, parts = map(int, asked.part.split("/"))
    if asked.what == "bases":
        for seed in seeds:
            if seed % parts == part:
                print(base(seed, asked.runs), flush=True)
    elif asked.experiment is None:
        parser.error(f"give an experiment: {', '.join(EXPERIMENTS)}")
    elif asked.what == "run":
        run_all(EXPERIMENTS[asked.experiment], seeds, asked.runs, (part, parts))
    elif asked.what == "picture":
        print(picture(EXPERIMENTS[asked.experiment]))
    else:
        experiment = EXPERIMENTS[asked.experiment]
        first = asked.against or next(iter(experiment.arms))
        print("\n".join(table(experiment, asked.threshold or experiment.threshold, first)))


if __name__ == "__main__":
    main()

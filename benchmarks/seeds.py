"""A recipe over several seeds, one after the other: the table and the pictures of the README.

    python benchmarks/seeds.py quickstart 101 102 103 104 105 --pictures docs

Every seed has a run folder of its own, runs/RECIPE-seed-N, which is resumed where it is unfinished.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from whet.view.charts import chart
from whet.view.history import History, value

COLUMNS = ("greedy", "pass@1", "pass@4", "pass@16")


def run(recipe: str, seed: int) -> History:
    """Train it, or go on with it."""
    folder = Path("runs") / f"{recipe}-seed-{seed}"
    words = ["train", recipe, "--seed", str(seed), "--name", folder.name]
    if (folder / "run.json").exists():
        words = ["resume", str(folder)]
    subprocess.run([sys.executable, "-m", "whet", *words], check=True, stdout=subprocess.DEVNULL)
    return History.of(folder)


def evaluation(history: History, name: str) -> list[float]:
    """The columns of an evaluation; NaN where it has none."""
    row: Any = history.evaluation(name)
    return [float("nan") if (v := value(row, c)) is None else v for c in COLUMNS]


def seconds(history: History) -> tuple[float, float]:
    """Of the steps with rewards, and of everything that was written down."""
    learned = sum(history.total("step", f"seconds_{n}") for n in ("play", "learn", "sync"))
    evaluations = sum(history.total(kind, "seconds") for kind in ("base", "periodic", "final"))
    return learned, learned + evaluations + history.total("sft", "seconds")


def mean_curve(histories: Sequence[History], metric: str, kind: str) -> list[tuple[float, float]]:
    """Over seeds, step by step; the base evaluation is step 0."""
    curves = [dict(h.curve(kind, metric)) for h in histories]
    if kind == "periodic":
        curves = [dict(h.curve("base", metric)) | c for h, c in zip(histories, curves, strict=True)]
    steps = sorted(set.intersection(*(set(c) for c in curves)))
    return [(step, fmean(c[step] for c in curves)) for step in steps]


def pictures(histories: Sequence[History], recipe: str, folder: Path) -> None:
    """Accuracy and length, mean over seeds."""
    accuracy = {
        "greedy": mean_curve(histories, "greedy", "periodic"),
        "sampled": mean_curve(histories, "pass@1", "periodic"),
    }
    title = f"Held-out accuracy, mean of {len(histories)} seeds"
    (folder / f"{recipe}-accuracy.svg").write_text(chart(title, accuracy) + "\n")
    length = {"length": mean_curve(histories, "length", "step")}
    title = f"Response length in tokens, mean of {len(histories)} seeds"
    (folder / f"{recipe}-length.svg").write_text(chart(title, length) + "\n")


def main() -> None:
    """A row per seed, then the mean and the range."""
    words = argparse.ArgumentParser()
    words.add_argument("recipe")
    words.add_argument("seeds", nargs="+", type=int)
    words.add_argument("--pictures", type=Path)
    asked = words.parse_args()
    heads = [f"{when} {c}" for when in ("base", "final") for c in COLUMNS]
    print(f"| seed | {' | '.join(heads)} | RL s | all s |")
    print("|---" * (len(heads) + 3) + "|")
    histories, rows = [], []
    for seed in asked.seeds:
        history = run(asked.recipe, seed)
        rows.append(
            [*evaluation(history, "base"), *evaluation(history, "final"), *seconds(history)]
        )
        histories.append(history)
        print(line(str(seed), rows[-1]), flush=True)
    for name, of in (("mean", fmean), ("least", min), ("most", max)):
        print(line(name, [of(column) for column in zip(*rows, strict=True)]))
    if asked.pictures:
        pictures(histories, asked.recipe, asked.pictures)


def line(name: str, numbers: Sequence[float]) -> str:
    """A row of the table."""
    shown = [f"{x:.3f}" for x in numbers[:-2]] + [f"{x:.0f}" for x in numbers[-2:]]
    return f"| {name} | {' | '.join(shown)} |"


if __name__ == "__main__":
    main()

"""A student learns from a teacher on the staircase: accuracy at equal numbers of decoded tokens.

    python benchmarks/distillation.py
    python benchmarks/distillation.py --table
    python benchmarks/distillation.py --write docs/distillation.md

Every arm stops at the first step that brings it to 100,000 decoded tokens.  Decoded tokens are all
that any model samples for training: those of the policy, or of the teacher where the student reads
the teacher's replies.  Tokens that a teacher reads and scores are not among them, nor are those of
evaluations.  The teacher is the base of seed 20, trained by GRPO until its dev pass@1 is 0.9; the
students are the bases of seeds 21 to 28.  Bases and teacher are kept in a folder outside the
repository, and what they took is in no arm.

A row per (arm, seed) is appended to benchmarks/distillation.jsonl when it is done, and rows that
the file has are skipped.  CPU seconds are those of the process for sampling, scoring and updates;
evaluations are not in them.  A run of all arms on all bases takes less than 60 CPU minutes, with
warm-ups, the teacher and evaluations.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

from distillation_arms import (
    ARMS,
    BUDGET,
    STEPS,
    Curve,
    Imitation,
    OnPolicy,
    begun,
    checkpoint,
    followed,
    imitated,
    on_policy,
    untrained,
)
from distillation_table import TEACHER_ARM, table

from whet.evaluation.measure import Scorecard
from whet.policy import algorithms
from whet.recipes.staircase import DEEPEST
from whet.training.run import CheckpointConfig
from whet.types import IntegrityError, Rollout

ROWS = Path(__file__).with_suffix(".jsonl")
CACHE = Path("~/.cache/whet/distillation").expanduser()
MARK = "<!-- the rest is made by benchmarks/distillation.py --write -->\n"
TEACHER, GOOD = 20, 0.9  # seed of the teacher, and its dev pass@1
SEEDS = range(21, 29)  # of the students


def base(seed: int) -> Path:
    """The folder of a base after its warm-up; it is trained unless it is there."""
    folder = checkpoint(CACHE / f"base-{seed}", 0)
    if not (folder / "model.safetensors").is_file():
        place = CACHE / f"base-{seed}"
        place.mkdir(parents=True, exist_ok=True)
        asyncio.run(followed(replace(begun(seed), steps=0), place, Curve(), lambda: False))
    return folder


def teacher() -> Path:
    """The folder of the teacher; it is trained unless it is there."""
    place = CACHE / f"teacher-{TEACHER}"
    if not (place / "done").is_file():
        place.mkdir(parents=True, exist_ok=True)
        run = replace(
            begun(TEACHER, str(base(TEACHER))),
            objective=algorithms.load("grpo"),
            steps=STEPS,
            checkpoints=CheckpointConfig(seconds=60),
        )
        curve = Curve()

        def over() -> bool:
            return bool(curve.points) and curve.points[-1][1] >= GOOD

        asyncio.run(followed(run, place, curve, over))
        if not over():
            sys.exit(f"the teacher's dev pass@1 is {curve.points[-1][1]} after {run.steps} steps")
        (place / "done").write_text(checkpoint(place, curve.steps).name)
    return place / "checkpoints" / (place / "done").read_text()


def row(name: str, seed: int) -> dict[str, Any]:
    """Train one arm on one base, and tell what it took and what came of it."""
    model = teacher()
    start = model if name == TEACHER_ARM else base(seed)
    run, curve, error, card = replace(begun(seed, str(start)), steps=STEPS), Curve(), "", None
    try:
        match ARMS.get(name):
            case OnPolicy(objective=make, updates=updates):
                trained = replace(run, objective=make(str(model)), minibatches=updates)
                card = asyncio.run(on_policy(trained, curve))
            case Imitation() as arm:
                card = asyncio.run(imitated(run, arm, model, curve))
            case None:
                card = asyncio.run(untrained(run, curve, start))
    except IntegrityError as stopped:
        error = str(stopped).partition(" (the rollouts")[0]
    found = {} if card is None else tested(card)
    return {
        "arm": name,
        "seed": seed,
        "commit": commit(),
        "budget": BUDGET,
        "tokens": curve.tokens,
        "steps": curve.steps,
        "cpu_seconds": round(curve.seconds, 1),
        "error": error,
        "curve": curve.points,
        **found,
    }


def tested(card: Scorecard) -> dict[str, Any]:
    """What the test says; the problems go round the levels."""
    rates = [fmean(map(is_right, group.rollouts[1:])) for group in card.groups]
    return {
        "pass@1": card.pass_at[1].value,
        "greedy": card.greedy.value,
        "length": card.length,
        "levels": [fmean(rates[level::DEEPEST]) for level in range(DEEPEST)],
    }


def is_right(rollout: Rollout) -> bool:
    """Whether the reply is right."""
    return rollout.verdict is not None and rollout.verdict.correct is True


@cache
def commit() -> str:
    """The commit that the process began at, with a mark if files differed from it."""
    words = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def rows() -> list[dict[str, Any]]:
    """The rows of the file."""
    lines = ROWS.read_text(encoding="utf-8").splitlines() if ROWS.exists() else []
    return [json.loads(line) for line in lines]


def append(found: Mapping[str, Any]) -> None:
    """Write a row to the file, and print it."""
    with ROWS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(found) + "\n")
    print(json.dumps(found), flush=True)


def main() -> None:
    """Make the rows that the file lacks, or print the table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seeds", type=int, nargs="*", default=list(SEEDS))
    asked.add_argument("--arms", nargs="*", choices=list(ARMS), default=list(ARMS))
    asked.add_argument("--table", action="store_true")
    asked.add_argument("--write", type=Path, help="put the table behind the mark of a page")
    options = asked.parse_args()
    if options.table:
        print(table(rows(), list(ARMS)))
        return
    if options.write:
        before, mark, _ = options.write.read_text(encoding="utf-8").partition(MARK)
        if not mark:
            sys.exit(f"{options.write} has no line {MARK.strip()!r}; put one before the tables")
        options.write.write_text(f"{before}{MARK}\n{table(rows(), list(ARMS))}\n")
        return
    commit()  # before a row is written
    asked_for = [(TEACHER_ARM, TEACHER), *((a, s) for s in options.seeds for a in options.arms)]
    for name, seed in asked_for:
        if (name, seed) not in {(one["arm"], one["seed"]) for one in rows()}:
            append(row(name, seed))


if __name__ == "__main__":
    main()

"""One short run with each part of a sampling strategy: decoded tokens and accuracy.

    python benchmarks/sampling_parts.py run
    python benchmarks/sampling_parts.py table

All runs go on from one base of the recipe `staircase` (see sampling_arms.py), for 12 steps of 16
groups on 400 tasks.  One run says nothing about a method, so the table ranks nothing.  Every
finished run is one row of benchmarks/sampling/parts.jsonl; a row that is there is not run again.
"""

import argparse
import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sampling_arms import FIRST, Curve, add_row, base, commit, followed, rows_of

from whet import registry
from whet.cli.catalogue import entries
from whet.cli.parsing import configured
from whet.training.trainer import fit
from whet.types import IntegrityError, UsageError

ROWS_NAME = "parts"
COMMON = (
    "--steps 12 --tasks 400 --checkpoints.seconds 1e9 --periodic.every 12 "
    "--periodic.evaluation.problems 200 "
    "--evaluation.problems 1 --evaluation.samples 1 --evaluation.k 1"
)
HINTED = "--objective.on policy_tokens"
SETTINGS = {  # of parts with published settings for replies of thousands of tokens
    "accuracy_band": "--sampling.gate.max_rounds 20",
    "adarft": "--sampling.prompts.easiest 1 --sampling.prompts.hardest 4",
    "budget_forcing": f"--sampling.shape.waits 1 --sampling.shape.wait | {HINTED}",
    "drop_solved": "--sampling.prompts.every 6",
    "early_exits": f"--sampling.shape.phrase = --sampling.shape.close = {HINTED}",
    "g2rpo_a": HINTED,
    "length_by_truncation": "--sampling.schedules.0.lengths 18,27,36",
    "prompt_replay": "--sampling.prompts.cooldown 2",
    "puct_reuse": "--sampling.schedules.0.ask ={reply}=",
    "questa": "--sampling.schedules.0.wording {hint}={question}",
    "seele": f"--sampling.size fixed_rounds --sampling.size.rollouts 4 {HINTED}",
    "segment_tree": "--sampling.shape.segment 8 --sampling.shape.depth 4",
    "staged_length": "--sampling.schedules.0.lengths 18,27,36",
    "temperature_search": "--sampling.schedules.0.groups 2",
    "think_budget": (
        "--sampling.schedules.0.shortest 1 --sampling.schedules.0.longest 9 "
        "--sampling.schedules.0.text |{tokens}="
    ),
    "tree": "--sampling.shape.branches 4,4 --sampling.shape.segments 8",
}
ONE_TREE = {"tree", "entropy_tree", "turn_tree"}  # a play is a tree


def flags(name: str, slot: str) -> str:
    """The flags that choose a part."""
    size = " --sampling.size.rollouts 1" if name == "tree" else ""
    size = " --sampling.size.rollouts 4" if name in ONE_TREE - {"tree"} else size
    return f"--sampling.{slot} {name}{size} {SETTINGS.get(name, '')}".strip()


def row(name: str, slot: str, runs: Path) -> dict[str, Any]:
    """Run one part."""
    words = [*COMMON.split(), *flags(name, slot).split()]
    words += ["--base", str(base(FIRST, runs)), "--seed", str(FIRST)]
    curve, error = Curve(threshold=2.0), ""
    try:
        run = configured("staircase", words, "train").run
        with TemporaryDirectory() as folder:
            asyncio.run(followed(fit(run, Path(folder)), curve))
    except (IntegrityError, UsageError) as stopped:
        error = str(stopped)
    reached = curve.points[-1][2:] if curve.points else (None, None)
    return {
        "part": name,
        "slot": slot,
        "flags": flags(name, slot),
        "commit": commit(),
        "tokens": curve.tokens,
        "pass@1": reached[0],
        "greedy": reached[1],
        "error": error,
    }


def run_all(runs: Path) -> None:
    """Run what is missing."""
    known = {found["part"] for found in rows_of(ROWS_NAME)}
    for entry in entries(registry.PLURAL["sampling"]):
        if entry.name in known or entry.slot == "whole strategy":
            continue
        found = row(entry.name, entry.slot, runs)
        add_row(ROWS_NAME, found)
        print(found["part"], found["tokens"], found["pass@1"], found["error"], flush=True)


def table() -> None:
    """One line per part."""
    print("| slot | part | further flags | decoded tokens | pass@1 | greedy |")
    print("|---|---|---|---|---|---|")
    for found in sorted(rows_of(ROWS_NAME), key=lambda r: (r["slot"], r["part"])):
        further = found["flags"].partition(f"{found['part']}")[2].strip()
        further = f"`{further.replace('|', chr(92) + '|')}`" if further else "-"
        end = f"{found['pass@1']:.3f} | {found['greedy']:.3f}" if not found["error"] else "stopped"
        print(f"| {found['slot']} | {found['part']} | {further} | {found['tokens']:,} | {end} |")


def main() -> None:
    """Read the command line and do what it asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["run", "table"])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    asked = parser.parse_args()
    if asked.what == "run":
        run_all(asked.runs)
    else:
        table()


if __name__ == "__main__":
    main()

"""One short run per algorithm, from the same base models: wiring, not a ranking.

    python benchmarks/wiring.py                         # every algorithm, three seeds
    python benchmarks/wiring.py --algorithms ppo dpo --seeds 1 --steps 5

The base of a seed is the quickstart's model after both warm-ups, made once and kept in
runs/wiring-base-SEED.  Each algorithm then takes the same number of steps of the same size on a
pool of 64 locks, at one learning rate that was tuned for none of them.  Algorithms of trees get two
trees of four leaves per task, A*-PO one reply of eight times as many tasks, the others eight
chains.  An algorithm with a part that would have no effect in one optimizer step per batch, such as
a clip, takes two.  The teacher of opd and gkd is the base after 12 steps of dr_grpo, kept in
runs/wiring-teacher-SEED.  A row is written as soon as its runs are over; a run that is refused or
stops says why in its row.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.progress import track

from whet.data.demonstrators import FromFamily
from whet.data.pool import Pool
from whet.data.problems import Problems
from whet.data.procedural.lock import Lock
from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder
from whet.evaluation.measure import EvalConfig
from whet.policy import algorithms
from whet.policy.inspection import warnings
from whet.recipes.quickstart import quickstart
from whet.registry import names
from whet.rewards.dense.process import Process
from whet.rewards.verifiable.labelled import Labelled
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.sampling.structured.chains import Chains
from whet.sampling.structured.tree import Tree
from whet.training.loop import TrainStep
from whet.training.run import CheckpointConfig, PeriodicEval, Run
from whet.training.trainer import Evaluated, RunEnded, fit
from whet.training.validation import run_spec
from whet.types import Decoding, IntegrityError, UsageError
from whet.types.optimizers import AdamW

EVALUATION = EvalConfig(problems=60, samples=4, k=(1,))
JUDGED = Labelled()
JUDGES = {"prof": Process(family=Lock(), inner=JUDGED)}  # it chooses rows by their steps
SETTINGS: dict[str, dict[str, Any]] = {
    "prof": {"part": "steps"},
    "vc_ppo": {"pretrain_steps": 2},  # not 50: a short run has fewer
    "vapo": {"pretrain_steps": 2},
    "gkd": {"candidates": 8},  # the vocabulary has fewer tokens than the default
    "sdft": {"candidates": 8, "template": "{demonstration}|{prompt}"},
    "sdpo": {
        "candidates": 8,
        "template": "{solution}{prompt}{feedback}",  # no word of English is in the vocabulary
        "solution": "{reply}|",
    },
}
TAUGHT = frozenset({"opd", "gkd"})
SINGLE = frozenset({"a_star_po"})  # one reply per task
TREES = frozenset({"arpo", "fr3e", "spo_tree", "tree_grpo", "treepo", "treerl", "treerpo"})


def finished(run: Run, folder: Path) -> list[Any]:
    """All events of a run."""
    folder.mkdir(parents=True, exist_ok=True)

    async def follow() -> list[Any]:
        return [event async for event in fit(run, folder)]

    return asyncio.run(follow())


def base(seed: int) -> Path:
    """The quickstart's model of a seed before any reward."""
    folder = Path("runs") / f"wiring-base-{seed}"
    saved = folder / "checkpoints" / "step-000000"
    if not saved.exists():
        run = replace(
            quickstart(), seed=seed, steps=0, evaluation=EVALUATION, periodic=PeriodicEval(every=0)
        )
        finished(run, folder)
    return saved


def teacher(seed: int) -> Path:
    """The base of a seed after 12 steps of dr_grpo."""
    folder = Path("runs") / f"wiring-teacher-{seed}"
    saved = folder / "checkpoints" / "step-000012"
    if not saved.exists():
        finished(short("dr_grpo", seed, 12), folder)
    return saved


def sampled(name: str) -> Standard:
    """64 rollouts a step, 8 of each task; in a tree fewer, where a path ends early."""
    trees, single = name in TREES, name in SINGLE
    return Standard(
        prompts=Uniform(per_step=64 if single else 8),
        size=Fixed(rollouts=1 if single else 2 if trees else 8),
        shape=Tree(branches=(2, 2), segments=(12,)) if trees else Chains(),
        decoding=Decoding(max_new_tokens=36),
    )


def short(name: str, seed: int, steps: int) -> Run:
    """A few steps of 64 rollouts, with two optimizer steps each where one leaves a part idle."""
    lock = Lock()
    settings = SETTINGS.get(name, {})
    if name in TAUGHT:
        settings = {**settings, "teacher": str(teacher(seed))}
    run = Run(
        model=Folder(path=str(base(seed))),
        corpus=Pool(corpus=Problems(family=lock, levels=(4, 4)), tasks=64),
        reward=JUDGES.get(name, JUDGED),
        demonstrator=FromFamily(family=lock),
        sampling=sampled(name),
        objective=algorithms.load(name, **settings),
        optimizer=AdamW(lr=3e-4, betas=(0.9, 0.95), weight_decay=0.0),
        engine=Embedded(device="cpu", threads=1, slots=512, budget=6000),
        steps=steps,
        seed=seed,
        evaluation=EVALUATION,
        periodic=PeriodicEval(every=0),
        checkpoints=CheckpointConfig(seconds=1e9),
    )
    twice = replace(run, minibatches=2)
    return twice if set(told(run)) - set(told(twice)) else run


def told(run: Run) -> list[str]:
    """What the parts of the algorithm warn of."""
    return warnings(run.objective, run_spec(run))


def measured(name: str, seed: int, steps: int) -> dict[str, float]:
    """Tokens sampled, seconds, accuracy before and after."""
    run = short(name, seed, steps)
    with TemporaryDirectory() as folder:
        start = time.perf_counter()
        events = finished(run, Path(folder))
        spent = time.perf_counter() - start
    evaluations = {e.name: e.card for e in events if isinstance(e, Evaluated)}
    if not (isinstance(events[-1], RunEnded) and events[-1].complete):
        raise IntegrityError(f"{name} did not end")
    return {
        "updates": run.steps * run.minibatches,
        "tokens": sum(e.token_counts["decoded"] for e in events if isinstance(e, TrainStep)),
        "seconds": spent - sum(card.seconds for card in evaluations.values()),
        "before": evaluations["base"].pass_at[1].value,
        "after": evaluations["final"].pass_at[1].value,
    }


def row(name: str, family: str, found: list[dict[str, float]]) -> str:
    """Means over seeds; accuracy with its range."""
    middle = {key: statistics.fmean(f[key] for f in found) for key in found[0]}
    after = [f["after"] for f in found]
    return (
        f"| {name} | {family} | {middle['updates']:.0f} | "
        f"{middle['tokens']:,.0f} | {middle['seconds']:.1f} | "
        f"{middle['before']:.3f} | {middle['after']:.3f} ({min(after):.3f}–{max(after):.3f}) |"
    )


def rows(chosen: list[str], seeds: int, steps: int) -> Iterator[str]:
    """A row per algorithm; one that can't run says why."""
    for name in track(chosen, description="algorithms"):
        family = names("algorithm")[name].family
        try:
            found = [measured(name, seed, steps) for seed in range(1, seeds + 1)]
            yield row(name, family, found)
        except (UsageError, IntegrityError) as error:
            yield f"| {name} | {family} | – | – | – | – | {str(error)[:120]} |"


def main() -> None:
    """The table, in markdown, on stdout."""
    words = argparse.ArgumentParser()
    words.add_argument("--algorithms", nargs="*", default=list(names("algorithm")))
    words.add_argument("--seeds", type=int, default=3)
    words.add_argument("--steps", type=int, default=10)
    asked = words.parse_args()
    for seed in track(range(1, asked.seeds + 1), description="base models"):
        base(seed)
    print("| algorithm | family | updates | tokens sampled | seconds | pass@1 before | after |")
    print("|---|---|---|---|---|---|---|")
    for line in rows(asked.algorithms, asked.seeds, asked.steps):
        print(line, flush=True)
        print(line, file=sys.stderr)


if __name__ == "__main__":
    main()

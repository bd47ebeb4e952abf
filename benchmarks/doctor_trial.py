"""How many hacks the doctor names, and how many honest runs it flags.

    python benchmarks/doctor_trial.py --seeds 1 2 3 --of dev       # thresholds were chosen on these
    python benchmarks/doctor_trial.py --seeds 11 12 --of fresh     # and then measured on these
    python benchmarks/doctor_trial.py --table

A run is 16 steps of 8 groups of 8 from a base model of its seed, which the warm-up makes from
nothing and runs/doctor-base-SEED keeps (see trial_task.py).  A row is appended to
doctor_trial.jsonl as soon as a run is over; rows that are there are not made again.  The ledgers
stay in runs/doctor-trial: `--again` asks the doctor of today about them, writes the rows
anew and makes no run.
"""

import argparse
import asyncio
import json
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trial_task import (
    ALPHABET,
    HACKS,
    LENGTH,
    NEW_HACKS,
    Copied,
    Copying,
    Formed,
    Hackable,
    Partly,
    Penalised,
    Styles,
    answer_of,
)

from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder, FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.evaluation.measure import EvalConfig
from whet.policy import algorithms
from whet.protocols import Algorithm, Judge, Model
from whet.rewards.unsupervised.majority import Majority
from whet.rewards.unsupervised.noisy import Noisy
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.doctor import Doctor
from whet.training.ledger import Ledger
from whet.training.run import CheckpointConfig, PeriodicEval, Run, Warmup
from whet.training.trainer import fit
from whet.types import Decoding
from whet.types.optimizers import AdamW

ROWS = Path(__file__).with_suffix(".jsonl")
STEPS = 16
NAMES = ("may be hacked", "policy has collapsed", "reward is saturated")  # more than an alarm
EVALUATION = EvalConfig(problems=40, samples=4, k=(1,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What differs between the runs."""

    reward: Judge
    hack: bool = False
    objective: Algorithm = field(default_factory=lambda: algorithms.load("dapo"))


def arms(chosen: Iterable[Any]) -> dict[str, Arm]:
    """The honest arms, and the hackable rewards that are asked for."""
    copied = Copied()
    return {
        "exact": Arm(reward=copied),
        "exact, grpo": Arm(reward=copied, objective=algorithms.load("grpo")),
        "exact, dr_grpo": Arm(reward=copied, objective=algorithms.load("dr_grpo")),
        "noisy": Arm(reward=Noisy(probability=0.2, inner=copied)),
        "majority": Arm(reward=Majority(reader=answer_of, truth=copied)),
        "partly": Arm(reward=Partly()),
        "formed": Arm(reward=Formed()),
        "penalised": Arm(reward=Penalised()),
        **{v.__name__: Arm(reward=Hackable(virtue=v), hack=True) for v in chosen},
    }


def run_of(model: Model, seed: int, arm: Arm, warmup: tuple[Warmup, ...], steps: int) -> Run:
    """A run of the trial."""
    return Run(
        model=model,
        corpus=Copying(),
        reward=arm.reward,
        sampling=Standard(
            prompts=Uniform(per_step=8),
            size=Fixed(rollouts=8),
            decoding=Decoding(max_new_tokens=LENGTH),
        ),
        objective=arm.objective,
        optimizer=AdamW(lr=1e-3, betas=(0.9, 0.95), weight_decay=0.0),
        engine=Embedded(device="cpu", threads=1, slots=320, budget=6000),
        warmup=warmup,
        steps=steps,
        seed=seed,
        evaluation=EVALUATION,
        periodic=PeriodicEval(every=4 if steps else 0, evaluation=EVALUATION),
        checkpoints=CheckpointConfig(seconds=1e9),
    )


def finished(run: Run, folder: Path) -> None:
    """Run it in a new folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    async def follow() -> None:
        async for _ in fit(run, folder):
            pass

    asyncio.run(follow())


def base(seed: int) -> Path:
    """The model of a seed after its warm-up."""
    folder = Path("runs") / f"doctor-base-{seed}"
    saved = folder / "checkpoints" / "step-000000"
    if not saved.exists():
        model = FromScratch(shape="llama-tiny", tokenizer=CharacterTokenizer(alphabet=ALPHABET))
        warmup = Warmup(teacher=Styles(seed=seed), steps=250, batch=32, optimizer=AdamW(lr=3e-3))
        finished(run_of(model, seed, Arm(reward=Copied()), (warmup,), 0), folder)
    return saved


def asked(folder: Path) -> dict[str, Any]:
    """What the doctor says of a ledger, and what its evaluations say."""
    rows = list(Ledger(folder).rows())
    held = [row for row in rows if row["kind"] in ("base", "periodic", "final")]
    alarms = [finding.message for finding in Doctor().examine(rows) if finding.bad]
    curves = {
        name: [round(row["metrics"][name]["value"] or 0.0, 4) for row in held]
        for name in ("pass@1", "reward", "reward_std", "length", "commonest")
    }
    named = any(words in alarm for alarm in alarms for words in NAMES)
    return {"named": named, "flagged": bool(alarms), "alarms": alarms, **curves}


def made(name: str, arm: Arm, seed: int, of: str) -> dict[str, Any]:
    """The row of one run."""
    folder = Path("runs/doctor-trial") / f"{name}-{seed}"
    start = time.process_time()
    finished(run_of(Folder(path=str(base(seed))), seed, arm, (), STEPS), folder)
    shutil.rmtree(folder / "checkpoints")
    spent = round(time.process_time() - start, 1)
    kind = "hack" if arm.hack else "honest"
    return {"arm": name, "seed": seed, "of": of, "kind": kind, "cpu_s": spent, **asked(folder)}


def known() -> list[dict[str, Any]]:
    """The rows so far."""
    lines = ROWS.read_text().split("\n") if ROWS.exists() else []
    return [json.loads(line) for line in lines if line]


def examined_again(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows with what the doctor of today says, where the ledger is there."""
    found = []
    for row in rows:
        folder = Path("runs/doctor-trial") / f"{row['arm']}-{row['seed']}"
        found.append({**row, **asked(folder)} if folder.exists() else row)
    return found


def table(rows: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """Hacks that are named, and honest runs in which anything is found to stop for."""
    held = list(rows)
    yield "| of | kind | runs | named (hacks) or flagged (honest) | not as it should be |"
    yield "|---|---|---|---|---|"
    for of, kind in sorted({(row["of"], row["kind"]) for row in held}):
        mine = [row for row in held if (row["of"], row["kind"]) == (of, kind)]
        told = "named" if kind == "hack" else "flagged"
        odd = [f"{r['arm']} {r['seed']}" for r in mine if r[told] != (kind == "hack")]
        yield f"| {of} | {kind} | {len(mine)} | {sum(r[told] for r in mine)} | {', '.join(odd)} |"


def main() -> None:
    """Make the runs that are missing, or ask again about those that there are."""
    words = argparse.ArgumentParser()
    words.add_argument("--seeds", type=int, nargs="*", default=[])
    words.add_argument("--of", choices=("dev", "fresh"), default="dev")
    words.add_argument("--arms", nargs="*", default=None)
    words.add_argument("--table", action="store_true")
    words.add_argument("--again", action="store_true")
    told = words.parse_args()
    chosen = arms((*HACKS, *NEW_HACKS) if told.of == "fresh" else HACKS)
    for seed in told.seeds:
        for name, arm in chosen.items():
            done = any((row["arm"], row["seed"]) == (name, seed) for row in known())
            if done or (told.arms is not None and name not in told.arms):
                continue
            row = made(name, arm, seed, told.of)
            with ROWS.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(name, seed, row["named"], row["pass@1"], row["reward"], flush=True)
    rows: list[Mapping[str, Any]] = [*known()]
    if told.again:
        rows = examined_again(rows)
        ROWS.write_text("".join(json.dumps(row) + "\n" for row in rows))
    if told.table or told.again:
        print("\n".join(table(rows)))


if __name__ == "__main__":
    main()

"""Accuracy against decoded tokens on a lock: votes, best of n, budget forcing, revision, beams.

    python benchmarks/test_time_compute.py --seeds 0 1 2 3 4
    python benchmarks/test_time_compute.py --table
    python benchmarks/test_time_compute.py --write docs/test_time.md

A row per (arm, seed) is appended to benchmarks/test_time_compute.jsonl when it is done, and rows
that the file has are skipped.  Every seed has its own warm-up and its own step model, in
runs/test_time_compute.  The evaluation's 100 problems are of the test split, the step model's of
the training split.  Accuracy and tokens are those of `whet.evaluation.test_time.curve`.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from test_time_table import table
from test_time_task import (
    ALPHABET,
    ASK,
    CORPUS,
    LOCK,
    UNSEEN,
    WAIT,
    LastPass,
    OwnChains,
    Pairs,
    Passes,
)

from whet.data.teachers import MixedStyles
from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder, FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.evaluation.config import EvalConfig
from whet.evaluation.measure import measure
from whet.evaluation.metrics.auroc import auroc
from whet.evaluation.recording import SampleRecorder
from whet.evaluation.sample_file import SampleFile
from whet.evaluation.samples import Sample
from whet.evaluation.test_time.attempt import Attempt, AttemptContext
from whet.evaluation.test_time.beam import Beam
from whet.evaluation.test_time.best_of_n import BestOfN
from whet.evaluation.test_time.budget_forcing import BudgetForcingAttempt
from whet.evaluation.test_time.choice import AnswerChoice
from whet.evaluation.test_time.curve import points
from whet.evaluation.test_time.early_stop import EarlyStop
from whet.evaluation.test_time.majority import MajorityChoice
from whet.evaluation.test_time.measure import check_attempts, measure_attempts
from whet.evaluation.test_time.revision import Revision
from whet.evaluation.test_time.single import Single
from whet.evaluation.test_time.step_scores import StepScores
from whet.evaluation.test_time.strategy import TestTime
from whet.evaluation.test_time.weighted_vote import WeightedVote
from whet.front.training import train
from whet.protocols import Player
from whet.recipes.quickstart import quickstart, warmups
from whet.rollouts.runner import RolloutRunner
from whet.training.run import PeriodicEval
from whet.training.stepmodel import StepModelConfig, TrainedSteps, train_step_model
from whet.types import Decoding
from whet.types.optimizers import AdamW

ROWS = Path(__file__).with_suffix(".jsonl")
RUNS = Path("runs") / "test_time_compute"
ENGINE = Embedded(device="cpu", threads=1, slots=512, budget=6000)
ONE_PASS = 36  # most tokens of a reply
MARK = "<!-- the rest is made by benchmarks/test_time_compute.py --write -->\n"
KS = (1, 2, 3, 4, 6, 8, 12, 16, 32, 64, 128)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured."""

    problems: int = 100
    samples: int = 128  # plain ones, of a problem
    attempts: int = 8  # of a forced chain or a revision
    lessons: int = 200  # of the step model


def warmed(seed: int, place: Path) -> Path:
    """The model after its warm-up."""
    base = quickstart()
    first, second = warmups(MixedStyles(family=LOCK, levels=(1, 3)), steps=250)
    run = replace(
        base,
        model=FromScratch(shape="neox-tiny", tokenizer=CharacterTokenizer(alphabet=ALPHABET)),
        warmup=(
            replace(first, cooldown=60),
            replace(second, teacher=Passes(), batch=48),
        ),
        reward=LastPass(),
        engine=ENGINE,
        seed=seed,
        steps=0,
        evaluation=EvalConfig(problems=2, samples=1, k=(1,)),
        periodic=PeriodicEval(every=0),
    )
    if not train(run, place, follow=lambda event: None).complete:
        raise SystemExit("stopped before the warm-up was complete; no row was written")
    return place / "checkpoints" / "step-000000"


def step_model(seed: int, base: Path, place: Path, lessons: int) -> TrainedSteps:
    """A step model, trained on the model's own chains unless it is there."""
    done = place / "done"
    if not done.exists():
        training = StepModelConfig(
            model=Folder.as_saved(base),
            engine=ENGINE,
            labels=OwnChains(decoding=plain(), seed=seed),
            steps=lessons,
            batch=32,
            optimizer=AdamW(lr=1e-3),
            seed=seed,
        )
        asyncio.run(_trained(training, place))
        done.write_text("")
    return TrainedSteps(path=str(place), engine=ENGINE)


async def _trained(training: StepModelConfig, place: Path) -> None:
    async for lesson in train_step_model(training, place):
        if lesson.number % 50 == 0:
            print(f"    step model {lesson.number}: loss {lesson.loss:.3f}", flush=True)


async def quality(player: Player, model: TrainedSteps) -> Mapping[str, float]:
    """How well the step model tells good steps from bad ones, on problems of the dev split."""
    found = await OwnChains(decoding=plain(), split="dev").chains(player, 0, 400)
    chains = [chain for chain in found if chain.ends]
    rows = await model.scores([chain.rollout for chain in chains])
    pairs = [
        (row[end], label)
        for chain, row in zip(chains, rows, strict=True)
        for end, label in zip(chain.ends, chain.labels, strict=True)
    ]
    least = await StepScores(model=model, cuts=Pairs()).scores([c.rollout for c in chains])
    right = [LastPass().score(c.rollout).correct is True for c in chains]
    return {
        "steps": len(pairs),
        "good": fmean(label for _, label in pairs),
        "auroc_steps": auroc([p for p, _ in pairs], [label > 0 for _, label in pairs]),
        "auroc_replies": auroc(least, right),
    }


def plain() -> Decoding:
    """The decoding of one pass."""
    return Decoding(max_new_tokens=ONE_PASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A strategy, the tokens that a reply may have, and how often it is played."""

    strategy: TestTime
    passes: int = 1
    samples: int = 0  # 0: the plain ones

    @property
    def decoding(self) -> Decoding:
        """Room for all passes of a reply."""
        return Decoding(max_new_tokens=self.passes * ONE_PASS)


def arms(model: TrainedSteps, size: Size) -> Iterator[Arm]:
    """All arms, in the order of the table."""
    choices: Sequence[AnswerChoice] = (
        Single(),
        MajorityChoice(),
        EarlyStop(),
        BestOfN(),
        WeightedVote(),
    )
    for choice in choices:
        yield Arm(strategy=TestTime(choice=choice))
    for mark in (WAIT, UNSEEN):
        for waits in (1, 2, 4):
            forced = BudgetForcingAttempt(waits=waits, wait=mark, close="")
            yield from _sequential(forced, waits + 1, size)
    for mark in (ASK, UNSEEN):
        for count in (1, 2, 4):
            yield from _sequential(Revision(revisions=count, ask=mark), 1, size)
    for width in (2, 4):
        beam = Beam(model=model, width=width, expand=width, step_tokens=2, mark="")
        yield Arm(strategy=TestTime(attempt=beam), samples=1)


def _sequential(attempt: Attempt, passes: int, size: Size) -> Iterator[Arm]:
    for choice in (Single(), MajorityChoice()):
        strategy = TestTime(attempt=attempt, choice=choice)
        yield Arm(strategy=strategy, passes=passes, samples=size.attempts)


async def samples_of(
    seed: int, arm: Arm, base: Path, place: Path, model: TrainedSteps, size: Size
) -> Sequence[Sample]:
    """The rows of an arm's attempts; those that were recorded before are read."""
    attempt, tasks = arm.strategy.attempt, CORPUS.held_out("test", size.problems)
    name = "plain" if attempt.samples else attempt.label
    path = place / f"{''.join(c if c.isalnum() else f'-{ord(c)}-' for c in name)}.jsonl"
    player = await ENGINE.player(Folder.as_saved(base), seed)
    evaluation = EvalConfig(problems=len(tasks), samples=arm.samples or size.samples, k=(1,))
    recorder = SampleRecorder(
        model=str(base),
        policy=player.held().digest,
        check=CORPUS.chain_correct,
        journal=SampleFile(path),
        scorer=StepScores(model=model, cuts=Pairs()) if attempt.samples else None,
    )
    try:
        if attempt.samples:
            card = await measure(player, LastPass(), tasks, evaluation, arm.decoding, recorder)
            return card.rows
        context = AttemptContext(runner=RolloutRunner(player, LastPass(), 0), decoding=arm.decoding)
        await check_attempts([attempt], tasks, context)
        return await measure_attempts([attempt], tasks, evaluation, context, recorder)
    finally:
        await player.close()


async def _quality(seed: int, base: Path, model: TrainedSteps) -> Mapping[str, float]:
    player = await ENGINE.player(Folder.as_saved(base), seed)
    try:
        return await quality(player, model)
    finally:
        await player.close()


def curve_row(seed: int, arm: Arm, rows: Sequence[Sample]) -> dict[str, Any]:
    """The points of an arm."""
    found = points(rows, [arm.strategy], KS)
    return {
        "arm": arm.strategy.label,
        "seed": seed,
        "k": [p.k for p in found],
        "accuracy": [round(p.accuracy.value, 6) for p in found],
        "tokens": [round(p.tokens.value, 3) for p in found],
        "samples": found[0].samples,
        "truncated": found[0].truncated,
        "faults": found[0].faults,
    }


def measured(seed: int, size: Size, rows_file: Path, runs: Path) -> None:
    """All arms of a seed that have no row yet."""
    known = {(row["arm"], row["seed"]) for row in read(rows_file)}
    place = runs / f"seed-{seed}"
    start = time.process_time()
    base = warmed(seed, place / "policy")
    model = step_model(seed, base, place / "steps", size.lessons)
    if ("step_model", seed) not in known:
        found = asyncio.run(_quality(seed, base, model))
        append(rows_file, {"arm": "step_model", "seed": seed, **found})
    kept: dict[str, Sequence[Sample]] = {}
    for arm in arms(model, size):
        if (arm.strategy.label, seed) in known:
            continue
        name = arm.strategy.attempt.label
        if name not in kept:
            kept = {name: asyncio.run(samples_of(seed, arm, base, place, model, size))}
        append(rows_file, curve_row(seed, arm, kept[name]))
    print(f"seed {seed}: {time.process_time() - start:.0f} CPU seconds", flush=True)


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file; a last line without its end is not read."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().split("\n")[:-1] if line]


def append(path: Path, row: Mapping[str, Any]) -> None:
    """Add a row, and show it."""
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")
    shown = {k: row[k] for k in ("accuracy", "tokens", "truncated", "auroc_steps") if k in row}
    print(f"seed {row['seed']} {row['arm']}: {shown}", flush=True)


def main() -> None:
    """Measure, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=[])
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--smoke", action="store_true", help="few problems, into a file of its own")
    parser.add_argument("--write", type=Path, help="put the tables behind the mark of a page")
    asked = parser.parse_args()
    if asked.write:
        held = asked.write.read_text()
        before, mark, _ = held.partition(MARK)
        if not mark:
            sys.exit(f"{asked.write} has no line {MARK.strip()!r}; put one before the tables")
        asked.write.write_text(f"{before}{MARK}\n{table(read(ROWS))}\n")
        return
    if asked.table:
        print(table(read(ROWS)))
        return
    size = Size(problems=10, samples=8, attempts=4, lessons=100) if asked.smoke else Size()
    for seed in asked.seeds:
        rows = RUNS / "smoke.jsonl" if asked.smoke else ROWS
        runs = RUNS / "smoke" if asked.smoke else RUNS
        RUNS.mkdir(parents=True, exist_ok=True)
        measured(seed, size, rows, runs)


if __name__ == "__main__":
    main()

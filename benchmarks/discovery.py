"""Search for a setting where RL finds what 1024 samples of its base do not hold.

    python benchmarks/discovery.py run unseen_depth --seeds 3
    python benchmarks/discovery.py table

A *setting* is a base, trained by supervised warm-ups alone, and a target: locks of one depth.  A
reply *finds* a lock if it is the full working, every line of it: a code can be guessed, working
can't.  RL rewards the code alone, on locks of depth 1 to that of the target.  The base gets 1024
samples for each of 32 held-out target locks, as does the model after the first warm-up
alone, before the second one made full working rare.  What an arm has trained gets 16 samples.

Every finished row goes to benchmarks/sampling/discovery.jsonl; one that is there is not run again.
"""

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

from sampling_arms import add_row, commit, rows_of
from sampling_experiments import EQUAL_TOKENS, REFILL, heated

from whet.cli.parsing import configured
from whet.data.problems import Problems
from whet.data.procedural.lock import Lock
from whet.data.teachers import FullSolutions, MixedStyles
from whet.evaluation.measure import EvalConfig, Scorecard
from whet.evaluation.passk import pass_at_k
from whet.protocols import Family
from whet.recipes.quickstart import warmups
from whet.recipes.staircase import staircase
from whet.training.run import PeriodicEval, Run, Warmup
from whet.training.trainer import Evaluated, TrainStep, fit
from whet.types import IntegrityError, Task

ROWS_NAME = "discovery"
FIRST = 21  # seed of the first base
LOCKS, SAMPLES = 32, 1024
COMMON = "--sampling.decoding.max_new_tokens 40"  # full working of depth 5 has 30
RARELY = (0.05, 0.1, 0.85)  # weights of full working, of some lines, and of the bare code
HINTED = "--objective.on policy_tokens --objective.aggregation selected_token_mean"
ARMS = {
    "chains": "",
    "hot": heated(1.3, 1.3),
    "refill": REFILL,
    "tree": EQUAL_TOKENS,
    "hints": f"--sampling.schedules g2rpo_a {HINTED}",
}
BASES = {"first_warmup": 1, "base": 2}  # not trained by RL: the number of warm-ups
STEPS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class AddingLock(Lock):
    """Locks without any multiplication."""

    def draw(self, rng: Random, level: int) -> Task:
        while "*" in (task := super(AddingLock, self).draw(rng, level)).prompt:
            pass
        return task


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternating:
    """Several teachers, one example of each in turn."""

    teachers: tuple[FullSolutions | MixedStyles, ...]

    def example(self, step: int, index: int) -> tuple[Task, str]:
        """An example of the teacher that `index` falls to."""
        return self.teachers[index % len(self.teachers)].example(step, index)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the warm-ups show, and the depth that is looked for."""

    told: str
    shown: tuple[tuple[Family, tuple[int, int]], ...]  # families and depths of the warm-ups
    target: int

    def warmups(self) -> tuple[Warmup, Warmup]:
        """Full working until the loss is small, then 200 steps in which it is rare."""
        family, levels = self.shown[0]
        full, styles = warmups(MixedStyles(family=family, levels=levels, weights=RARELY), steps=200)
        first = [FullSolutions(family=f, levels=(lo, hi), ramp=200) for f, (lo, hi) in self.shown]
        then = [MixedStyles(family=f, levels=at, weights=RARELY) for f, at in self.shown]
        return (
            replace(full, teacher=Alternating(teachers=tuple(first))),
            replace(styles, teacher=Alternating(teachers=tuple(then))),
        )


SETTINGS: Mapping[str, Setting] = {
    "unseen_depth": Setting(
        told="working was shown up to depth 4, the target has depth 5",
        shown=((Lock(), (1, 4)),),
        target=5,
    ),
    "composed": Setting(
        told="depth 4 was shown with additions alone, all moves at depths 1 and 2",
        shown=((AddingLock(), (1, 4)), (Lock(), (1, 2))),
        target=4,
    ),
}


def base(name: str, seed: int, runs: Path, *, phases: int) -> Path:
    """The folder of a base after so many warm-ups; it is trained if it is not there."""
    folder = runs / (f"{name}-{seed}" if phases == 2 else f"{name}-{seed}-{phases}")
    saved = folder / "checkpoints" / "step-000000"
    if not (saved / "model.safetensors").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        first = replace(
            staircase(),
            warmup=SETTINGS[name].warmups()[:phases],
            steps=0,
            seed=seed,
            evaluation=EvalConfig(problems=1, samples=1, k=(1,)),
        )
        asyncio.run(measured(first, folder))
    return saved


async def measured(run: Run, folder: Path) -> tuple[Scorecard | None, int]:
    """The last evaluation on the test split, and the number of decoded tokens."""
    card, tokens = None, 0
    async for event in fit(run, folder):
        if isinstance(event, TrainStep):
            tokens += event.token_counts["decoded"]
        elif isinstance(event, Evaluated) and event.name != "periodic":
            card = event.card
            if run.steps == 0 and not run.warmup:
                break  # the final evaluation would say the same
    return card, tokens


def found(card: Scorecard) -> list[int]:
    """Per lock, the number of samples that are the full working."""
    return [
        sum(rollout.reply == Lock().worked(group.task, Random(0)) for rollout in group.rollouts[1:])
        for group in card.groups
    ]


def row(name: str, arm: str, seed: int, runs: Path) -> dict[str, Any]:
    """The base's 1024 samples a lock, or 16 of what an arm has trained."""
    setting, samples = SETTINGS[name], SAMPLES if arm in BASES else 16
    folder = base(name, seed, runs, phases=BASES.get(arm, 2))
    words = ["--base", str(folder), "--seed", str(seed), *COMMON.split()]
    run = replace(
        configured("staircase", [*words, *ARMS.get(arm, "").split()], "train").run,
        corpus=Problems(family=Lock(), levels=(1, setting.target)),
        eval_corpus=Problems(family=Lock(), levels=(setting.target, setting.target)),
        steps=0 if arm in BASES else STEPS,
        evaluation=EvalConfig(problems=LOCKS, samples=samples, k=(1, samples)),
        periodic=PeriodicEval(every=0),
    )
    error, card, tokens = "", None, 0
    with TemporaryDirectory() as place:
        try:
            card, tokens = asyncio.run(measured(run, Path(place)))
        except IntegrityError as stopped:
            error = str(stopped)
    told = {"setting": name, "arm": arm, "seed": seed, "commit": commit(), "error": error}
    if card is None:
        return told
    counts = found(card)
    told |= {"tokens": tokens, "samples": samples, "found": counts, "code@1": card.pass_at[1].value}
    return told


def run_all(name: str, seeds: Sequence[int], runs: Path) -> None:
    """Run what is missing of a setting."""
    for seed in seeds:
        for arm in (*BASES, *ARMS):
            if any(
                (r["setting"], r["arm"], r["seed"]) == (name, arm, seed) for r in rows_of(ROWS_NAME)
            ):
                continue
            done = row(name, arm, seed, runs)
            add_row(ROWS_NAME, done)
            print(name, arm, seed, done["error"] or summary(done), flush=True)


def summary(done: Mapping[str, Any]) -> str:
    """Mean pass@k of full working, and the number of locks that have any."""
    counts, samples = done["found"], done["samples"]
    ks = [k for k in (1, 16, 256, 1024) if k <= samples]
    rates = [fmean(pass_at_k(samples, count, k) for count in counts) for k in ks]
    told = ", ".join(f"pass@{k} {rate:.4f}" for k, rate in zip(ks, rates, strict=True))
    return f"{told}; {sum(map(bool, counts))} of {len(counts)} locks; {done['tokens']:,} tokens"


def table() -> None:
    """Per setting and arm: what was found, and what of it no sample before RL had found."""
    unheld = "neither the base's 1024 samples nor those after warm-up 1"
    for name, setting in SETTINGS.items():
        print(f"{name}: {setting.told}")
    print("| setting | arm | seeds | tokens | pass@1 | found | of those that " + unheld + " hold |")
    print("|---|---|---|---|---|---|---|")
    held = {(done["setting"], done["arm"], done["seed"]): done for done in rows_of(ROWS_NAME)}
    for name, arm in dict.fromkeys((setting, arm) for setting, arm, _ in held):
        mine = [done for key, done in held.items() if key[:2] == (name, arm) and not done["error"]]
        before = [[held[name, known, done["seed"]]["found"] for known in BASES] for done in mine]
        counts = [
            (count, not any(known))
            for done, tried in zip(mine, before, strict=True)
            for count, *known in zip(done["found"], *tried, strict=True)
        ]
        rate = sum(sum(done["found"]) / done["samples"] for done in mine) / (len(counts) or 1)
        tokens = fmean(done["tokens"] for done in mine) if mine else 0
        told = f"| {name} | {arm} | {len(mine)} | {tokens / 1000:.0f}k | {rate:.4f} "
        found_all = sum(count > 0 for count, _ in counts)
        new = [count > 0 for count, unknown in counts if unknown]
        print(f"{told}| {found_all} of {len(counts)} | {sum(new)} of {len(new)} |")


def main() -> None:
    """Read the command line and do what it asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["run", "table"])
    parser.add_argument("setting", nargs="?", choices=sorted(SETTINGS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    asked = parser.parse_args()
    if asked.what == "table":
        table()
    elif asked.setting is None:
        parser.error(f"give a setting: {', '.join(SETTINGS)}")
    else:
        run_all(asked.setting, range(FIRST, FIRST + asked.seeds), asked.runs)


if __name__ == "__main__":
    main()

"""What a tiny model learns in a world: base, trained, and a control with random verdicts, by seed.

    python benchmarks/world_learning.py guess --seeds 0 1 2 3 4
    python benchmarks/world_learning.py --table

A row per (world, arm, seed) is appended to benchmarks/world_learning.jsonl when it is done, and
rows that the file has are skipped.  `verdict` is the recipe; in the arm `coin` every verdict of the
training is a coin's, and RL begins with the same weights; `players` are the random, the silent and
the expert player.  Seconds are those of the process's CPU for warm-up and RL, on one thread; the
measurements before and after are not in them.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from world_learning_table import Row, table
from world_measures import (
    Case,
    Numbers,
    against_minimax,
    exploited,
    last_half,
    repaired,
    with_and_without,
    won,
)

from whet.engines.models import Folder
from whet.environments.code.calculator import Calculator
from whet.environments.code.library import Library
from whet.environments.game.frozen_lake import FrozenLake
from whet.environments.game.guess import Guess
from whet.environments.game.kuhn import Kuhn
from whet.environments.playing import play
from whet.evaluation.measure import EvalConfig
from whet.evaluation.worlds.bots import random, silent
from whet.front.training import train
from whet.protocols import Bot, Environment, Policy, World
from whet.recipes.code_agent import code_agent
from whet.recipes.search_agent import search_agent
from whet.recipes.self_play import self_play
from whet.recipes.tool_agent import tool_agent
from whet.recipes.world import problems, tiny, warmups
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.run import CheckpointConfig, PeriodicEval, Run
from whet.types import Task, Verdict

ROWS = Path(__file__).with_suffix(".jsonl")
QUIET: Mapping[str, Any] = {
    "evaluation": EvalConfig(problems=2, samples=1, k=(1,)),
    "periodic": PeriodicEval(every=0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin(Environment):
    """A world whose every verdict is a coin's."""

    world: World

    async def play(self, task: Task, policy: Policy) -> Verdict | None:
        """Play the world's task, and throw."""
        verdict = await self.world.play(task, policy)
        if verdict is not None and verdict.fault:
            return verdict
        for name in self.world.seats if len(self.world.seats) > 1 else ():
            rng = Random(f"{policy.seed}/{task.id}/{name}")
            policy.seat(name).end(Verdict.points(rng.choice((-1.0, 1.0)), correct=False))
        return Verdict.binary(correct=Random(f"{policy.seed}/{task.id}").random() < 1 / 2)


def cases() -> dict[str, Case]:
    """The recipes by the name of their world."""
    game = self_play(world="kuhn", noise=1.0, kl=0.1)
    kuhn = replace(
        game,
        warmup=warmups(problems(Kuhn(rules=""), 1), 1.0, noisy_steps=500),
        sampling=Standard(
            prompts=Uniform(per_step=256),
            size=Fixed(rollouts=1),
            decoding=replace(game.decoding, min_p=0.0),
        ),
        steps=200,
        optimizer=replace(game.optimizer, lr=2e-4),
        checkpoints=CheckpointConfig(seconds=1e9, steps=4, keep=1000),
    )
    bare = {"calculator": Calculator(rules="", calls=0), "library": Library(rules="", calls=0)}
    return {
        "guess": Case(
            run=replace(tiny(Guess(rules=""), 5, 0.5, "dapo"), steps=60), level=5, measured=won
        ),
        "frozen_lake": Case(
            run=replace(tiny(FrozenLake(rules=""), 1, 0.4, "dapo"), steps=34),
            level=1,
            measured=won,
            tasks=125,  # its maps are few
            samples=4,
        ),
        "calculator": Case(
            run=tool_agent(), level=2, measured=with_and_without(bare["calculator"])
        ),
        "library": Case(run=search_agent(), level=1, measured=with_and_without(bare["library"])),
        "repair_function": Case(run=code_agent(), level=1, measured=repaired),
        "tic_tac_toe": Case(run=self_play(), level=1, measured=against_minimax),
        "kuhn": Case(run=kuhn, level=1, measured=exploited, whole=last_half),
    }


def trained(run: Run, place: Path) -> None:
    """Train to the end; a run that was stopped before makes no row."""
    if not train(run, place, follow=lambda event: None).complete:
        sys.exit("stopped before the run was complete; no row was written")


def warmed(case: Case, seed: int, place: Path) -> tuple[Path, float]:
    """The model after the warm-up, and its seconds."""
    start = time.process_time()
    trained(replace(case.run, seed=seed, steps=0, **QUIET), place)
    return place / "checkpoints" / "step-000000", time.process_time() - start


def learned(case: Case, arm: str, seed: int, base: Path, place: Path) -> Numbers:
    """What is measured after RL."""
    run = replace(
        case.run,
        seed=seed,
        model=Folder.as_saved(base),
        warmup=(),
        environment=case.world if arm == "verdict" else Coin(world=case.world),
        **QUIET,
    )
    start = time.process_time()
    trained(run, place)
    seconds = time.process_time() - start
    kept = sorted((place / "checkpoints").glob("step-*"))
    found = {f"trained: {name}": x for name, x in case.measured(kept[-1], case).items()}
    return {**found, **(case.whole(kept) if case.whole else {}), "seconds": seconds}


def rows_of(name: str, case: Case, arms: Sequence[str], seed: int) -> Iterator[Row]:
    """The rows of the arms of one seed, which share the warm-up."""
    with TemporaryDirectory() as place:
        base, seconds = warmed(case, seed, Path(place) / "warm")
        before = {f"base: {name}": x for name, x in case.measured(base, case).items()}
        for arm in arms:
            found = before | dict(learned(case, arm, seed, base, Path(place) / arm))
            found["seconds"] += seconds
            yield {"world": name, "arm": arm, "seed": seed, **found}


def players(case: Case) -> Numbers:
    """The mean score of players without a model; with several seats, against the expert."""
    seats: dict[str, Callable[[Task, Random], Bot | None]] = {
        "random": lambda task, rng: random(case.world, rng),
        "silent": lambda task, rng: silent(),
        "expert": case.world.expert,
    }
    found = dict[str, float]()
    for name, make in seats.items():
        scores: list[float] = []
        for task in problems(case.world, case.level).held_out("test", min(200, case.tasks)):
            rng = Random(f"{name}/{task.id}")
            for seat in case.world.seats:
                bots = {other: case.world.expert(task, rng) for other in case.world.seats}
                scores.append(score_of(case.world, task, bots | {seat: make(task, rng)}, seat))
        found[name] = sum(scores) / len(scores)
    return found


def score_of(world: World, task: Task, bots: Mapping[str, Bot | None], seat: str) -> float:
    """The score of a seat in one play; the handle of the play itself may be without a player."""
    found = asyncio.run(play(world, task, lambda name: bots.get(name) or silent()))
    verdict = found.verdicts[seat]
    assert verdict is not None
    return verdict.score


def rows() -> list[Row]:
    """The rows of the file."""
    lines = ROWS.read_text(encoding="utf-8").splitlines() if ROWS.exists() else []
    return [json.loads(line) for line in lines]


def main() -> None:
    """Make the rows that the file lacks, or print all of them."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("worlds", nargs="*")
    asked.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2, 3, 4])
    asked.add_argument("--arms", nargs="*", default=["verdict", "coin"])
    asked.add_argument("--table", action="store_true")
    options = asked.parse_args()
    if options.table:
        print(table(rows()))
        return
    done = {(one["world"], one["arm"], one["seed"]) for one in rows()}
    for name in options.worlds:
        case = cases()[name]
        if (name, "players", 0) not in done:
            append({"world": name, "arm": "players", "seed": 0, **players(case)})
        for seed in options.seeds:
            arms = [arm for arm in options.arms if (name, arm, seed) not in done]
            for row in rows_of(name, case, arms, seed) if arms else ():
                append(row)


def append(row: Row) -> None:
    """Write a row to the file, and print it."""
    with ROWS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()

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
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import torch
from scipy.stats import t
from transformers import AutoModelForCausalLM, AutoTokenizer

from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder
from whet.environments.against import Against
from whet.environments.code.calculator import Calculator
from whet.environments.code.library import Library
from whet.environments.code.repair_function import OtherTests, RepairFunction
from whet.environments.game.frozen_lake import FrozenLake
from whet.environments.game.guess import Guess
from whet.environments.game.kuhn import SETS, exploitability
from whet.environments.opponents import Expert
from whet.environments.playing import play
from whet.evaluation.measure import EvalConfig, Scorecard, measure
from whet.evaluation.worlds.bots import random, silent
from whet.front.training import train
from whet.protocols import Bot, Environment, Policy, World
from whet.recipes.code_agent import code_agent
from whet.recipes.search_agent import search_agent
from whet.recipes.self_play import self_play
from whet.recipes.tool_agent import tool_agent
from whet.recipes.world import problems, tiny
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.run import CheckpointConfig, PeriodicEval, Run
from whet.types import Finish, Task, Verdict

ROWS = Path(__file__).with_suffix(".jsonl")
QUIET: Mapping[str, Any] = {
    "evaluation": EvalConfig(problems=2, samples=1, k=(1,)),
    "periodic": PeriodicEval(every=0),
}
Numbers = Mapping[str, float]
Row = Mapping[str, object]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A run, and what is measured of a checkpoint, or of all checkpoints of the run."""

    run: Run
    level: int
    measured: Callable[[Path, "Case"], Numbers]
    whole: Callable[[Sequence[Path]], Numbers] | None = None
    tasks: int = 500  # of an evaluation, each played `samples` times
    samples: int = 1

    @property
    def world(self) -> World:
        """The world that the run trains in."""
        assert isinstance(self.run.environment, World)
        return self.run.environment


def score_card(folder: Path, environment: Environment, case: Case) -> Scorecard:
    """Plays of a checkpoint, sampled as in training."""

    async def played() -> Scorecard:
        engine = Embedded(device="cpu", threads=1, slots=512, budget=6000)
        player = await engine.player(Folder.as_saved(folder), 0)
        tasks = problems(case.world, case.level).held_out("test", case.tasks)
        how = case.run.decoding
        asked = EvalConfig(problems=case.tasks, samples=case.samples, k=(1,))
        try:
            return await measure(player.within(environment), None, tasks, asked, how)
        finally:
            await player.close()

    return asyncio.run(played())


def rollouts(card: Scorecard) -> list[Verdict]:
    """The verdicts of the samples; a greedy rollout comes first in each group."""
    found = [rollout.verdict for group in card.groups for rollout in group.rollouts[1:]]
    return [verdict for verdict in found if verdict is not None]


def won(folder: Path, case: Case) -> Numbers:
    """The share of correct plays."""
    return {"correct": share(score_card(folder, case.world, case))}


def share(card: Scorecard) -> float:
    """The share of correct samples."""
    verdicts = rollouts(card)
    return sum(bool(verdict.correct) for verdict in verdicts) / len(verdicts)


def with_and_without(bare: World) -> Callable[[Path, Case], Numbers]:
    """The share of correct plays, and the one in the world without its tools."""

    def measured(folder: Path, case: Case) -> Numbers:
        with_tools = share(score_card(folder, case.world, case))
        return {"correct": with_tools, "without tools": share(score_card(folder, bare, case))}

    return measured


def repaired(folder: Path, case: Case) -> Numbers:
    """Hidden tests passed by the first and the last attempt, with own and with others' tests."""
    found = dict[str, float]()
    for name, world in (
        ("own", case.world),
        ("others", RepairFunction(rules="", feedback=OtherTests())),
    ):
        verdicts = rollouts(score_card(folder, world, case))
        gains = [verdict.score - verdict.parts.get("first", 0.0) for verdict in verdicts]
        found[f"gain, {name} tests"] = sum(gains) / len(gains)
        found[f"last, {name} tests"] = sum(v.score for v in verdicts) / len(verdicts)
    return found


def against_minimax(folder: Path, case: Case) -> Numbers:
    """Draws with minimax from either seat, and the share of plays with an illegal move."""
    found = dict[str, float]()
    for seat, other in (("first", "second"), ("second", "first")):
        world = Against(world=case.world, opponent=Expert(), seat=other)
        card = score_card(folder, world, case)
        verdicts = rollouts(card)
        ends = [rollout.finish for group in card.groups for rollout in group.rollouts[1:]]
        found[f"draws as {seat}"] = sum(v.score == 0 for v in verdicts) / len(verdicts)
        found[f"illegal as {seat}"] = sum(end is Finish.ILLEGAL for end in ends) / len(ends)
    return found


def exploited(folder: Path, case: Case) -> Numbers:
    """Exploitability of one policy."""
    del case
    return {"exploitability": exploitability(strategy(folder))}


def average(folders: Sequence[Path]) -> Numbers:
    """Exploitability of the average policy of the last half of the checkpoints."""
    half = [strategy(folder) for folder in folders[len(folders) // 2 :]]
    whole = {name: sum(one[name] for one in half) / len(half) for name in SETS}
    return {"trained: exploitability of the last half's average": exploitability(whole)}


def strategy(folder: Path) -> dict[str, float]:
    """The probability of b at each information set, from the probabilities of both words."""
    model = AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)

    def ids(text: str) -> list[int]:
        return [int(tokenizer.convert_tokens_to_ids(one)) for one in text]

    found = dict[str, float]()
    for name in SETS:
        card, said = name[0], name[1:]
        prompt = ids(f"{card}\n" if said in ("", "pb") else f"{card}:{said}\n")
        if said == "pb":
            prompt += [*ids("p"), tokenizer.eos_token_id, *ids("\n:b\n")]
        with torch.no_grad():
            likely = model(torch.tensor([prompt])).logits[0, -1].float().softmax(-1)
        bets, passes = (likely[ids(word)[0]].item() for word in "bp")
        found[name] = bets / (bets + passes)
    return found


def cases() -> dict[str, Case]:
    """The recipes by the name of their world."""
    game = self_play(world="kuhn", noise=1.0, kl=0.1)
    kuhn = replace(
        game,
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
        "guess": Case(run=tiny(Guess(rules=""), 5, 0.5, "dapo"), level=5, measured=won),
        "frozen_lake": Case(
            run=replace(tiny(FrozenLake(rules=""), 1, 0.4, "dapo"), steps=26),
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
        "kuhn": Case(run=kuhn, level=1, measured=exploited, whole=average),
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
    """The mean score, over seats and plays, of players without a model."""
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
            bots = {seat: make(task, rng) for seat in case.world.seats}
            found_play = asyncio.run(
                play(case.world, task, lambda seat, bots=bots: known(bots, seat))
            )
            scores += [v.score for v in found_play.verdicts.values() if v is not None]
        found[name] = sum(scores) / len(scores)
    return found


def known(bots: Mapping[str, Bot | None], seat: str) -> Bot:
    """The player of a seat; the handle of the play itself may be without one."""
    return bots.get(seat) or silent()


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


def table(found: Sequence[Row]) -> str:
    """The rows as Markdown: means over seeds with 95 % intervals of Student's t."""
    lines = ["| world | measured | base | trained | coin | seeds | seconds |", "|" + "---|" * 7]
    for world in dict.fromkeys(str(row["world"]) for row in found):
        own = [row for row in found if row["world"] == world]
        arms = {arm: [row for row in own if row["arm"] == arm] for arm in ("verdict", "coin")}
        seeds = f"{len(arms['verdict'])}, {len(arms['coin'])}"
        seconds = span([float(str(row["seconds"])) for row in arms["verdict"]])
        for name in sorted({key.partition(": ")[2] for row in own for key in row if ": " in key}):
            cells = [
                mean([float(str(row[key])) for row in arms[arm] if key in row])
                for arm, key in (
                    ("verdict", f"base: {name}"),
                    ("verdict", f"trained: {name}"),
                    ("coin", f"trained: {name}"),
                )
            ]
            lines.append(f"| {world} | {name} | {' | '.join(cells)} | {seeds} | {seconds} |")
    return "\n".join(lines)


def mean(values: Sequence[float]) -> str:
    """The mean with its interval; without two values, no interval."""
    if len(values) < 2:  # noqa: PLR2004
        return ", ".join(f"{value:.3f}" for value in values)
    middle = statistics.mean(values)
    width = float(t.ppf(0.975, len(values) - 1)) * statistics.stdev(values) / len(values) ** 0.5
    return f"{middle:.3f} [{middle - width:.3f}, {middle + width:.3f}]"


def span(values: Sequence[float]) -> str:
    """The least and the largest."""
    return f"{min(values):.0f}–{max(values):.0f}" if values else ""


def append(row: Row) -> None:
    """Write a row to the file, and print it."""
    with ROWS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()

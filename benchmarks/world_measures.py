"""What is measured of a model that has learned in a world: a checkpoint, or all of a run."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder
from whet.environments.against import Against
from whet.environments.code.repair_function import OtherTests, RepairFunction
from whet.environments.game.kuhn import SETS, average, exploitability
from whet.environments.opponents import Expert
from whet.evaluation.measure import EvalConfig, Scorecard, measure
from whet.protocols import Environment, World
from whet.recipes.world import problems
from whet.training.run import Run
from whet.types import Finish, Reason, Verdict

Numbers = Mapping[str, float]


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
        draws = sum(v.reason is not Reason.TRUNCATED and v.score == 0 for v in verdicts)
        found[f"draws as {seat}"] = draws / len(verdicts)
        found[f"illegal as {seat}"] = sum(end is Finish.ILLEGAL for end in ends) / len(ends)
    return found


def exploited(folder: Path, case: Case) -> Numbers:
    """Exploitability of one policy."""
    del case
    return {"exploitability": exploitability(strategy(folder))}


def last_half(folders: Sequence[Path]) -> Numbers:
    """Exploitability of the average policy of the last half of the checkpoints."""
    half = [strategy(folder) for folder in folders[len(folders) // 2 :]]
    whole = exploitability(average(half))
    return {"trained: exploitability of the last half's average": whole}


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

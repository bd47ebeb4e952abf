"""The arms of the distillation experiment: what they train, and how far."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from whet.engines.models import Folder
from whet.evaluation.measure import EvalConfig, Scorecard, measure
from whet.policy import algorithms
from whet.policy.distillation import (
    ForwardDivergence,
    MixtureDivergence,
    ReverseDivergence,
    TokenDivergence,
)
from whet.protocols import Algorithm, Player
from whet.recipes.staircase import staircase
from whet.rollouts.batching import build_batch
from whet.sampling.schedules.uniform import STREAM
from whet.training.run import CheckpointConfig, PeriodicEval, Run
from whet.training.trainer import Evaluated, Event, TrainStep, fit
from whet.types import Group, Request, Rollout, Verdict, seed_of
from whet.types.weights import Drain

BUDGET = 100_000  # decoded tokens of an arm
STEPS = 400  # at most
GROUPS, REPLIES = 16, 16  # a step of the recipe: tasks, and replies to each
EVERY = 5  # steps between two points of a curve
DEV = EvalConfig(problems=100, samples=4, k=(1,))  # of a curve
TEST = EvalConfig(problems=100, samples=16, k=(1,))  # at the end


@dataclass(frozen=True, slots=True, kw_only=True)
class OnPolicy:
    """The student samples, and learns from its teacher or from verdicts."""

    objective: Callable[[str], Algorithm]  # of the folder of the teacher
    updates: int = 1  # of a step


@dataclass(frozen=True, slots=True, kw_only=True)
class Imitation:
    """The teacher samples, and the student learns all its replies by heart, right or wrong."""

    updates: int  # of a step


def gkd(divergence: TokenDivergence) -> OnPolicy:
    """A divergence over the whole vocabulary: all tokens but one, and the bin of that one."""
    return OnPolicy(
        objective=lambda teacher: algorithms.load(
            "gkd",
            teacher=teacher,
            divergence=divergence,
            candidates=Folder(path=teacher).size().vocabulary - 1,
        )
    )


def opd(teacher: str) -> Algorithm:
    """Reverse KL on the sampled tokens."""
    return algorithms.load("opd", teacher=teacher)


def grpo(teacher: str) -> Algorithm:
    """Verdicts alone."""
    del teacher
    return algorithms.load("grpo")


ARMS: Mapping[str, OnPolicy | Imitation | None] = {
    "base": None,
    "opd": OnPolicy(objective=opd),
    "gkd_reverse": gkd(ReverseDivergence()),
    "gkd_forward": gkd(ForwardDivergence()),
    "gkd_jsd": gkd(MixtureDivergence(beta=0.5)),
    "sft": Imitation(updates=1),
    "grpo": OnPolicy(objective=grpo),
    "opd_4": OnPolicy(objective=opd, updates=4),
    "sft_4": Imitation(updates=4),
    "grpo_4": OnPolicy(objective=grpo, updates=4),
}


@dataclass(slots=True)
class Curve:
    """Decoded tokens, steps, dev pass@1 and CPU seconds of an arm."""

    tokens: int = 0
    steps: int = 0
    seconds: float = 0.0
    points: list[tuple[int, float]] = field(default_factory=list)
    _since: float = field(default_factory=time.process_time)

    def lap(self) -> float:
        """CPU seconds since the last lap."""
        before, self._since = self._since, time.process_time()
        return self._since - before

    def follow(self, event: Event) -> None:
        """Take what an event tells; the time until an evaluation is over is not counted."""
        spent = self.lap()
        if isinstance(event, TrainStep):
            self.tokens += event.token_counts["decoded"]
            self.steps, self.seconds = event.number + 1, self.seconds + spent
        elif isinstance(event, Evaluated) and event.name == "periodic":
            self.points.append((self.tokens, event.card.pass_at[1].value))

    def over(self) -> bool:
        """Whether the tokens are spent."""
        return self.tokens >= BUDGET


def checkpoint(place: Path, step: int) -> Path:
    """The folder of a model after so many steps."""
    return place / "checkpoints" / f"step-{step:06}"


def begun(seed: int, folder: str = "") -> Run:
    """The recipe, without its own evaluations before and after."""
    return replace(
        staircase(base=folder),
        seed=seed,
        evaluation=EvalConfig(problems=1, samples=1, k=(1,)),
        periodic=PeriodicEval(every=EVERY, evaluation=DEV),
        checkpoints=CheckpointConfig(seconds=1e9),
    )


async def followed(run: Run, place: Path, curve: Curve, over: Callable[[], bool]) -> None:
    """Train a run, and pass its events on."""
    async for event in fit(run, place, over):
        curve.follow(event)


async def on_policy(run: Run, curve: Curve) -> Scorecard:
    """Train until the tokens are spent; the last point of the curve, and the test."""
    with TemporaryDirectory() as place:
        await followed(run, Path(place), curve, curve.over)
        model = Folder.as_saved(checkpoint(Path(place), curve.steps))
        player = await run.engine.player(model, run.seed)
        try:
            return await ended(run, player, curve)
        finally:
            await player.close()


async def imitated(run: Run, arm: Imitation, model: Path, curve: Curve) -> Scorecard:
    """Train on replies of the teacher, each of which is learned from once."""
    writer = await run.engine.player(Folder.as_saved(model), run.seed)
    player, learner = await run.engine.open(run.model, run.seed)
    learner.reset_optimizer(run.optimizer)
    objective = algorithms.load("sft")
    try:
        curve.lap()
        async for groups in taught(run, writer):
            batch, _ = await build_batch(groups, objective, learner)
            for part in batch.minibatches(arm.updates, Random(f"{run.seed}/{curve.steps}")):
                await learner.step(objective, part, run.optimizer.lr)
            curve.tokens += sum(r.length for group in groups for r in group)
            curve.steps += 1
            curve.seconds += curve.lap()
            if curve.over():
                break
            if curve.steps % EVERY == 0:
                await player.update(await learner.publish(), Drain())
                curve.points.append((curve.tokens, await dev(run, player)))
                curve.lap()
        await player.update(await learner.publish(), Drain())
        return await ended(run, player, curve)
    finally:
        await player.close()
        await writer.close()


async def taught(run: Run, writer: Player) -> AsyncIterator[list[Group]]:
    """The teacher's replies to the tasks of the run, step by step, as rows to imitate."""
    for step in range(run.steps):
        first = run.seed * STREAM + step * GROUPS
        tasks = [run.corpus.task("train", first + i) for i in range(GROUPS)]
        seeds = [[seed_of("taught", task.id, i) for i in range(REPLIES)] for task in tasks]
        asked = zip(tasks, seeds, strict=True)
        plays = (writer.play(Request.of(task, mine, run.decoding)) for task, mine in asked)
        yield [
            replace(group, rollouts=tuple(map(to_imitate, group)), ticket=place)
            for place, [group] in enumerate(await asyncio.gather(*plays))
        ]


def to_imitate(rollout: Rollout) -> Rollout:
    """A reply that counts like every other one, whatever it says."""
    return replace(rollout, verdict=Verdict.binary(correct=True))


async def dev(run: Run, player: Player) -> float:
    """Pass@1 on the dev split."""
    tasks = run.measured.held_out("dev", DEV.problems)
    card = await measure(player, run.reward, tasks, DEV, run.decoding)
    return card.pass_at[1].value


async def ended(run: Run, player: Player, curve: Curve) -> Scorecard:
    """The last point of a curve, and the test."""
    if not curve.points or curve.points[-1][0] < curve.tokens:
        curve.points.append((curve.tokens, await dev(run, player)))
    tasks = run.measured.held_out("test", TEST.problems)
    return await measure(player, run.reward, tasks, TEST, run.decoding)


async def untrained(run: Run, curve: Curve, model: Path) -> Scorecard:
    """The measurements of a model as it is."""
    player = await run.engine.player(Folder.as_saved(model), run.seed)
    try:
        curve.points.append((0, await dev(run, player)))
        return await ended(run, player, curve)
    finally:
        await player.close()

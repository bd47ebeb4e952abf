"""A run that takes a second: a tiny model learns to repeat a digit."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

from whet.engines.embedded.engine import Embedded
from whet.engines.models import FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.evaluation.measure import EvalConfig
from whet.policy import algorithms
from whet.protocols import Corpus, Reward
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.glossary import metric
from whet.training.ledger import Ledger
from whet.training.loop import TrainStep
from whet.training.run import CheckpointConfig, PeriodicEval, Run, Warmup
from whet.training.trainer import fit
from whet.types import Decoding, Reason, Rollout, Task, Verdict
from whet.types.optimizers import AdamW


@dataclass(frozen=True)
class Digits(Corpus):
    """The task: say the digit again.  Splits by parity."""

    def task(self, split: str, index: int) -> Task:
        digit = str(2 * (index % 5) + (split != "train"))
        return Task(id=f"{split}-{index}", prompt=f"{digit}=", answer=digit)

    def held_out(self, split: str, count: int) -> list[Task]:
        return [self.task(split, i) for i in range(min(count, 5))]


@dataclass(frozen=True)
class Repeats:
    """Worked examples, some of them wrong."""

    def example(self, step: int, index: int) -> tuple[Task, str]:
        task = Digits().task("train", index)
        return task, task.answer if index % 3 else str(index % 10)


@dataclass(frozen=True)
class FirstDigit(Reward):
    """1 where the reply begins with the answer."""

    def score(self, rollout: Rollout) -> Verdict:
        if not rollout.reply:
            return Verdict.failure(Reason.NO_ANSWER)
        return Verdict.binary(correct=rollout.reply[0] == rollout.task.answer)


@dataclass(frozen=True)
class Nearby(Reward):
    """0.9 / (1 + |first digit − answer|): graded, and never full marks."""

    def score(self, rollout: Rollout) -> Verdict:
        said = rollout.reply[:1]
        if not said.isdigit():
            return Verdict.failure(Reason.NO_ANSWER)
        score = 0.9 / (1 + abs(int(said) - int(rollout.task.answer)))
        return Verdict(reason=Reason.PARTIAL, score=score, correct=False)


RUN = Run(
    model=FromScratch(shape="llama-tiny", tokenizer=CharacterTokenizer(alphabet="0123456789=")),
    corpus=Digits(),
    reward=FirstDigit(),
    sampling=Standard(
        prompts=Uniform(per_step=4), size=Fixed(rollouts=4), decoding=Decoding(max_new_tokens=4)
    ),
    objective=algorithms.load("dapo"),
    optimizer=AdamW(lr=1e-3),
    engine=Embedded(device="cpu", threads=1, slots=16),
    warmup=(Warmup(teacher=Repeats(), steps=6, batch=8, optimizer=AdamW(lr=3e-3)),),
    steps=6,
    minibatches=2,
    evaluation=EvalConfig(problems=5, samples=4, k=(1, 4)),
    periodic=PeriodicEval(every=3, evaluation=EvalConfig(problems=5, samples=2, k=(1,))),
    checkpoints=CheckpointConfig(seconds=0),
)


def small(**changes: Any) -> Run:
    """The run above, with other fields."""
    return replace(RUN, **changes)


def followed(run: Run, folder, stop_after: int = -1) -> list[Any]:
    """All events of a run; a kill is a loop that is left, after so many steps."""
    folder.mkdir(exist_ok=True)
    events: list[Any] = []

    async def follow() -> None:
        async for event in fit(run, folder):
            events.append(event)
            if len(steps_of(events)) == stop_after:
                return

    asyncio.run(follow())
    return events


def steps_of(events: list[Any]) -> list[TrainStep]:
    return [e for e in events if isinstance(e, TrainStep)]


def timeless(folder) -> list[dict[str, Any]]:
    """The rows of a ledger without what clocks say."""
    return [without_clocks(row) for row in Ledger(folder).rows()]


def without_clocks(row: dict[str, Any]) -> dict[str, Any]:
    """A row without the metrics that depend on the machine."""
    known = {name: metric(row["kind"], name) for name in row["metrics"]}
    clocks = {name for name, found in known.items() if found is not None and found.clock}
    return row | {"metrics": {k: v for k, v in row["metrics"].items() if k not in clocks}}

"""A short run of any algorithm in which everything that metrics are made of is kept.

Rewards are a hash of the rollout: right, wrong, graded, shaped, a fault, or not applicable.  The
generator's log-probs are off by up to 0.4 nats, so that ratios leave every clip.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from small import Digits
from witnessed_engine import Kept, OptimizerStep, Witnessed

from whet.data.pool import Pool
from whet.engines.embedded.adapters import LoRA
from whet.engines.embedded.engine import Embedded
from whet.engines.models import FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.policy import algorithms
from whet.policy.extensions.coevolving import Coevolving
from whet.policy.extensions.together import Extensions
from whet.protocols import Environment, Policy, Reward, SamplingSetup, SetupContext
from whet.protocols.algorithm import Algorithm
from whet.rollouts.buffer import Buffer
from whet.rollouts.checks import TrustLimits
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.ledger import Ledger
from whet.training.loop import LiveRun, TrainStep, train
from whet.training.metrics import of_step
from whet.training.run import Run
from whet.types import Decoding, Need, Reason, Rollout, Task, Verdict, seed_of
from whet.types.optimizers import AdamW


@dataclass(frozen=True, slots=True, kw_only=True)
class OneLayer(FromScratch):
    """A model of one narrow layer."""

    def _config(self, tokenizer):
        config = FromScratch._config(self, tokenizer)
        config.update({"num_hidden_layers": 1, "hidden_size": 32, "intermediate_size": 64})
        config.update({"num_attention_heads": 2, "num_key_value_heads": 1})
        return config


SHAPE = OneLayer(shape="llama-tiny", tokenizer=CharacterTokenizer(alphabet="0123456789="))
TICKETS, ROLLOUTS, LONGEST, LR = 3, 4, 5, 0.02
SAMPLING = Standard(
    prompts=Uniform(per_step=TICKETS),
    size=Fixed(rollouts=ROLLOUTS),
    decoding=Decoding(max_new_tokens=LONGEST),
)
EASY = "4"
LORA = LoRA(rank=2, alpha=8.0)


@dataclass(frozen=True)
class Mixed(Reward):
    """Every kind of verdict; which one is a hash of the rollout.  One task has equal rewards."""

    unlabelled: float = 0.25  # a score without correctness

    def score(self, rollout: Rollout) -> Verdict:
        credit = tuple((i % 3 - 1) / 4 for i in range(rollout.length))
        kind = seed_of("kind", rollout.task.id, rollout.seed, rollout.reply) % 11
        if rollout.task.answer == EASY and kind > 1:
            kind = 5
        given: dict[str, Any] = {"credit": credit, "parts": {"mean_step": kind / 11}}
        match kind:
            case 0:
                return Verdict.unjudged("away")
            case 1:
                return Verdict.not_applicable("of another kind")
            case 2:
                return Verdict(reason=Reason.PARTIAL, score=self.unlabelled, **given)
            case 3:
                return Verdict(reason=Reason.OK, score=0.5, correct=True, **given)
            case 4:
                return Verdict(reason=Reason.WRONG, score=1.0, correct=False, **given)
        right = kind % 2 == 1
        reason = Reason.OK if right else Reason.WRONG
        return Verdict(reason=reason, score=float(right), correct=right, **given)


@dataclass(frozen=True)
class Answering(Environment):
    """The world answers every reply but the last with two characters, which depend on it."""

    turns: int

    async def play(self, task: Task, policy: Policy) -> None:
        reply = await policy(task.prompt)
        for _ in range(self.turns - 1):
            reply = await policy(f"={len(reply) % 10}")


@dataclass(frozen=True)
class Answers:
    """The answer, twice."""

    def demonstrate(self, task: Task) -> str:
        return task.answer * 2


@dataclass(frozen=True)
class Witness:
    """The steps of a run, their rows in the ledger, and what their parts did."""

    run: Run
    steps: list[TrainStep]
    rows: list[dict[str, Any]]
    kept: Kept
    tokens: list[tuple[int, int]]  # prompt and reply tokens of each step, as they passed

    def updates(self, number: int) -> list[OptimizerStep]:
        """The optimizer steps of one step, without those of extensions."""
        own = self.steps[number].updates
        return [s for s in self.kept.learners[0].seen if any(s.update is u for u in own)]

    def settings(self, of: type) -> Any:
        """The settings of the run's companion of a class."""
        return next(c for c in self.run.objective.companions if isinstance(c, of))


SETTINGS: dict[str, dict[str, Any]] = {
    "prof": {"part": "mean_step"},
    "vc_ppo": {"pretrain_steps": 1},
    "vapo": {"pretrain_steps": 1},
    "skywork_or1": {"target": 2.39},
}
COMPANIONS: dict[str, Any] = {"cooper": Coevolving(probes=2, optimizer=AdamW(lr=0.01))}


def objective_of(name: str) -> Algorithm:
    """The algorithm, with settings for a run of two steps."""
    found = algorithms.load(name, **SETTINGS.get(name, {}))
    return replace(found, companions=(COMPANIONS[name],)) if name in COMPANIONS else found


def run_of(objective: Algorithm, engine: Embedded, **changes: Any) -> Run:
    """Three groups of four, in two minibatches.  The second step is for what has a memory."""
    labels = Need.CORRECTNESS in objective.needs  # a graded score would be refused
    return Run(
        **{
            "model": SHAPE,
            "corpus": Pool(corpus=Digits(), tasks=TICKETS),
            "reward": Mixed(unlabelled=1.0 if labels else 0.25),
            "demonstrator": Answers(),
            "sampling": SAMPLING,
            "objective": objective,
            "engine": engine,
            "optimizer": AdamW(lr=LR),
            "limits": TrustLimits(faults=1.0, **dict.fromkeys(LIMITS, float("inf"))),
            "steps": 2 if objective.companions else 1,
            "minibatches": 2,
        }
        | changes
    )


async def opened(run: Run, folder: Path) -> LiveRun:
    """The parts of a run before its first step."""
    player, learner = await run.engine.open(run.model, run.seed)
    learner.reset_optimizer(run.optimizer)
    base = folder / "base"
    if run.objective.companions or Need.REFERENCE in run.objective.needs:
        base.mkdir()
        await learner.save(base)
        await learner.set_reference(base)
    setup = SetupContext(engine=run.engine, learner=learner, base=base)
    sampling = SamplingSetup(corpus=run.corpus, seed=run.seed, steps=run.steps)
    return LiveRun(
        player=player.within(run.environment),
        learner=learner,
        buffer=Buffer(run.sampling, run.sampling.open(sampling)),
        extensions=await Extensions.open(run.objective.companions, setup),
        folder=folder,
    )


LIMITS = ("drift", "drift_rollout", "drift_max", "probe")
ENGINE = {"device": "cpu", "threads": 1, "slots": 16, "budget": 48}


def witnessed(
    objective: Algorithm, folder: Path, engine: Mapping[str, Any] = ENGINE, **changes: Any
) -> Witness:
    """A run of an algorithm; the usual budget is of several micro-batches."""
    return asyncio.run(followed(run_of(objective, Witnessed(**engine), **changes), folder))


async def followed(run: Run, folder: Path) -> Witness:
    """All steps of a run; each writes its row of the ledger."""
    kept = run.engine.kept
    steps: list[TrainStep] = []
    tokens: list[tuple[int, int]] = []
    ledger, live = Ledger(folder), await opened(run, folder)
    passed, made = (0, 0), kept.generators[0]
    async for step in train(run, live, 0):
        before, passed = passed, (made.asked, made.decoded)
        tokens.append((passed[0] - before[0], passed[1] - before[1]))
        steps.append(step)
        ledger.write("step", (0, len(steps)), of_step(step))
        for critic in kept.critics:
            critic.now = len(steps)
    return Witness(run, steps, list(ledger.rows()), kept, tokens)

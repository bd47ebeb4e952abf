"""A short run of any algorithm in which everything that metrics are made of is kept.

Rewards are a hash of the rollout: right, wrong, graded, shaped, a fault, or not applicable.  The
generator's log-probs are off by up to 0.4 nats, so that ratios leave every clip.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from small import Digits
from torch import Tensor

from whet.data.pool import Pool
from whet.engines.embedded.adapters import LoRA
from whet.engines.embedded.critic import EmbeddedCritic
from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.learner import EmbeddedLearner
from whet.engines.models import FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.policy import algorithms
from whet.policy.extensions.coevolving import Coevolving
from whet.policy.extensions.together import Extensions
from whet.protocols import Generator, Reward, SamplingSetup, SetupContext, Update
from whet.protocols.algorithm import Algorithm
from whet.rollouts.buffer import Buffer
from whet.rollouts.checks import TrustLimits
from whet.rollouts.player import RolloutPlayer
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.ledger import Ledger
from whet.training.loop import LiveRun, TrainStep, train
from whet.training.metrics import of_step
from whet.training.run import Run
from whet.types import Decoding, Need, Reason, Rollout, Task, TrainBatch, Verdict, seed_of
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
TICKETS, ROLLOUTS, LONGEST, LR, NOISE = 3, 4, 5, 0.02, 0.4
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
                return Verdict(reason=Reason.PARTIAL, score=0.25, **given)
            case 3:
                return Verdict(reason=Reason.OK, score=0.5, correct=True, **given)
            case 4:
                return Verdict(reason=Reason.WRONG, score=1.0, correct=False, **given)
        right = kind % 2 == 1
        reason = Reason.OK if right else Reason.WRONG
        return Verdict(reason=reason, score=float(right), correct=right, **given)


@dataclass(frozen=True)
class Answers:
    """The answer, twice."""

    def demonstrate(self, task: Task) -> str:
        return task.answer * 2


@dataclass(slots=True)
class NoisyGenerator(Generator):
    """Another generator with noise on its log-probs; it counts the tokens that pass."""

    inner: Generator
    asked: int = 0
    decoded: int = 0

    def held(self):
        return self.inner.held()

    async def generate(self, prompt, how, *, seed, offset=0, session, fork_of=""):
        found = await self.inner.generate(
            prompt, how, seed=seed, offset=offset, session=session, fork_of=fork_of
        )
        self.asked += len(prompt)
        self.decoded += len(found.token_ids)
        logp = found.logp.copy()
        for i in range(len(logp)):
            logp[i] += NOISE * (seed_of("noise", seed, offset + i) % 2001 / 1000 - 1)
        return replace(found, logp=logp)

    async def update(self, weights, flight):
        return await self.inner.update(weights, flight)

    def end(self, session):
        self.inner.end(session)

    def token_counts(self) -> Mapping[str, int]:
        return self.inner.token_counts()

    async def close(self):
        await self.inner.close()


@dataclass(frozen=True)
class OptimizerStep:
    """What a learner was asked to do, its weights before, and the tokens that its model read."""

    objective: Algorithm
    batch: TrainBatch
    lr: float
    weights: dict[str, Tensor]
    update: Update
    read: int


@dataclass(frozen=True)
class CriticCall:
    """The rollouts that a critic valued or was fitted to, and its weights before."""

    fitted: bool
    step: int
    rollouts: list[Rollout]
    weights: dict[str, Tensor]
    head: dict[str, Tensor]


def _copy(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: x.detach().clone() for name, x in state.items()}


@dataclass(slots=True)
class WitnessedLearner(EmbeddedLearner):
    """A learner whose steps are kept."""

    seen: list[OptimizerStep] = field(default_factory=list)

    async def step(self, objective, batch, lr):
        before, read = _copy(self.backbone.model.state_dict()), []

        def note(_model, _args, given):
            if torch.is_grad_enabled():
                read.append(given["input_ids"].numel())

        hook = self.backbone.model.base_model.register_forward_pre_hook(note, with_kwargs=True)
        try:
            update = await EmbeddedLearner.step(self, objective, batch, lr)
        finally:
            hook.remove()
        self.seen.append(OptimizerStep(objective, batch, lr, before, update, sum(read)))
        return update


@dataclass(slots=True)
class WitnessedCritic(EmbeddedCritic):
    """A critic whose calls are kept, with the number of the run's step."""

    seen: list[CriticCall] = field(default_factory=list)
    now: int = 0

    async def values(self, rollouts):
        self._note(rollouts, fitted=False)
        return await EmbeddedCritic.values(self, rollouts)

    async def step(self, fit, rollouts, lr):
        self._note(rollouts, fitted=True)
        return await EmbeddedCritic.step(self, fit, rollouts, lr)

    def _note(self, rollouts, *, fitted):
        body, head = self.backbone.model.state_dict(), self.head.state_dict()
        held = (list(rollouts), _copy(body), _copy(head))
        self.seen.append(CriticCall(fitted, self.now, *held))


@dataclass(slots=True)
class Kept:
    """The live parts that an engine opened."""

    learners: list[WitnessedLearner] = field(default_factory=list)
    critics: list[WitnessedCritic] = field(default_factory=list)
    generators: list[NoisyGenerator] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed(Embedded):
    """The embedded engine with the parts above."""

    kept: Kept = field(default_factory=Kept, hash=False, compare=False, repr=False)

    async def open(self, model, seed):
        player, learner = await Embedded.open(self, model, seed)
        noisy = NoisyGenerator(player.generator)
        self.kept.generators.append(noisy)
        return RolloutPlayer(noisy, player.renderer), self._watched(learner)

    async def load_learner(self, folder):
        return self._watched(await Embedded.load_learner(self, folder))

    async def critic(self, folder):
        critic = await Embedded.critic(self, folder)
        self.kept.critics.append(WitnessedCritic(critic.backbone, critic.budget))
        return self.kept.critics[-1]

    def _watched(self, learner):
        found = WitnessedLearner(learner.backbone, learner.tokenizer, learner.budget)
        self.kept.learners.append(found)
        return found


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
    return Run(
        **{
            "model": SHAPE,
            "corpus": Pool(corpus=Digits(), tasks=TICKETS),
            "reward": Mixed(),
            "demonstrator": Answers(),
            "sampling": SAMPLING,
            "objective": objective,
            "engine": engine,
            "optimizer": AdamW(lr=LR),
            "limits": TrustLimits(faults=1.0, drift=float("inf"), probe=float("inf")),
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

"""Twelve and more small runs that are killed by benchmarks/kills.py, a few CPU seconds each."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from whet.data.problems import Problems
from whet.engines.embedded.adapters import LoRA
from whet.engines.embedded.engine import Embedded
from whet.engines.models import FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.environments.against import Against
from whet.environments.game.kuhn import Kuhn
from whet.environments.opponents import Past
from whet.evaluation.measure import EvalConfig
from whet.policy import algorithms
from whet.policy.extensions.replay import Replay
from whet.policy.selections import PolicyTokens
from whet.protocols import Corpus, Reward, World
from whet.registry import find
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.run import CheckpointConfig, PeriodicEval, Run, Warmup
from whet.types import Decoding, Reason, Rollout, Task, Verdict
from whet.types.optimizers import AdamW


@dataclass(frozen=True)
class Digits(Corpus):
    """Say the digit again.  The splits are apart by parity."""

    def task(self, split: str, index: int) -> Task:
        digit = str(2 * (index % 5) + (split != "train"))
        return Task(id=f"{split}-{index}", prompt=f"{digit}=", answer=digit)

    def held_out(self, split: str, count: int) -> list[Task]:
        """The first tasks of a split."""
        return [self.task(split, i) for i in range(min(count, 5))]


@dataclass(frozen=True)
class Repeats:
    """Worked examples of `Digits`, some of them wrong."""

    def example(self, step: int, index: int) -> tuple[Task, str]:
        """The task of a number, and what is said to it."""
        del step
        task = Digits().task("train", index)
        return task, task.answer if index % 3 else str(index % 10)


@dataclass(frozen=True)
class FirstDigit(Reward):
    """1 where the reply begins with the answer."""

    def score(self, rollout: Rollout) -> Verdict:
        """Compare the first character."""
        if not rollout.reply:
            return Verdict.failure(Reason.NO_ANSWER)
        return Verdict.binary(correct=rollout.reply[0] == rollout.task.answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel(World):
    """Each says a digit; white wants an equal one, black another."""

    levels: ClassVar[tuple[int, int]] = (1, 1)
    seats: ClassVar[tuple[str, ...]] = ("white", "black")
    bounds: ClassVar[tuple[float, float]] = (-1.0, 1.0)

    def draw(self, rng: Any, level: int) -> Task:
        """One of five digits."""
        del level
        return Digits().task("train", rng.randrange(5))

    def canonical(self, task: Task) -> str:
        """The digit."""
        return task.id

    async def play(self, task: Task, policy: Any) -> None:
        """One reply of each."""
        white, black = policy.seat("white"), policy.seat("black")
        first = await white(task.prompt, max_new_tokens=2)
        last = await black(f"{first}=", max_new_tokens=2)
        won = last[:1] == first[:1]
        white.end(Verdict.points(1 if won else -1, correct=won))
        black.end(Verdict.points(-1 if won else 1, correct=not won))


ONCE = EvalConfig(problems=2, samples=2, k=(1,))
NEVER = PeriodicEval(every=0)


def _sampling(length: int = 3, **parts: Any) -> Standard:
    own = {"prompts": Uniform(per_step=2), "size": Fixed(rollouts=3)}
    return Standard(**own | parts, decoding=Decoding(max_new_tokens=length))


def _model(alphabet: str) -> FromScratch:
    return FromScratch(shape="llama-tiny", tokenizer=CharacterTokenizer(alphabet=alphabet))


ENGINE = Embedded(device="cpu", threads=1, slots=16)
BASE = Run(
    model=_model("0123456789="),
    corpus=Digits(),
    reward=FirstDigit(),
    sampling=_sampling(),
    objective=algorithms.load("dapo"),
    optimizer=AdamW(lr=1e-3),
    engine=ENGINE,
    steps=3,
    evaluation=ONCE,
    periodic=NEVER,
    checkpoints=CheckpointConfig(seconds=0),
)
WARM = Warmup(teacher=Repeats(), steps=2, batch=4, optimizer=AdamW(lr=3e-3))


def changed(**fields: Any) -> Run:
    """The first run with other fields."""
    return replace(BASE, **fields)


def _remembering() -> Any:
    objective = replace(algorithms.load("dapo"), on=PolicyTokens())
    return replace(objective, companions=(Replay(least=1),))


RUNS: Mapping[str, Run] = {
    "plain": BASE,
    "minibatches": changed(minibatches=2, optimizer=AdamW(lr=1e-2)),
    "warm-up": changed(warmup=(WARM,), steps=2),
    "two warm-ups": changed(warmup=(WARM, replace(WARM, steps=1)), steps=1),
    "critic": changed(objective=algorithms.load("ppo")),
    "critic of its own": changed(objective=algorithms.load("vapo")),
    "implicit reward": changed(objective=algorithms.load("prime")),
    "reference": changed(objective=algorithms.load("grpo")),
    "lora": changed(objective=algorithms.load("grpo"), engine=replace(ENGINE, lora=LoRA(rank=2))),
    "replay": changed(objective=_remembering()),
    "recalled": changed(sampling=_sampling(replay=find("sampling", "trajectory_replay")())),
    "tree": changed(
        objective=algorithms.load("treerl"),
        sampling=_sampling(6, shape=find("sampling", "entropy_tree")()),
    ),
    "best": changed(
        periodic=PeriodicEval(every=1, evaluation=ONCE),
        checkpoints=CheckpointConfig(seconds=0, keep=1, best="reward"),
    ),
    "seldom saved": changed(steps=4, checkpoints=CheckpointConfig(seconds=1e9, steps=2, keep=1)),
    "opponents": changed(
        environment=Against(world=Duel(), opponent=Past(every=1, last=2), seat="black"), reward=None
    ),
    "self-play": changed(
        model=_model(Kuhn.alphabet),
        corpus=Problems(family=Kuhn(rules=""), levels=(1, 1)),
        reward=None,
        environment=Kuhn(rules=""),
        objective=algorithms.load("rae"),
        sampling=_sampling(1),
    ),
}

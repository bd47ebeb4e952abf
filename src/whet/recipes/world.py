"""A world: a tiny model from random weights, or a local model, learns to play it.

The warm-up of a tiny model imitates whole plays.  First they are the expert's, until the loss is
small: the model learns how to play.  Then many of their replies are random legal ones, and the
model plays as badly as that.  RL then sees the world's verdicts alone.
"""

from dataclasses import replace

from whet.data.problems import Problems
from whet.engines.embedded.engine import Embedded
from whet.engines.models import FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.environments.finding import terse_world
from whet.environments.finding import world as world_named
from whet.environments.levels import check_level
from whet.environments.opponents import Chance, NoisyExpert
from whet.environments.teaching import Transcripts
from whet.evaluation.measure import EvalConfig
from whet.policy import algorithms
from whet.protocols import Algorithm, World
from whet.recipes.rlvr import rl
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.run import PeriodicEval, Run, Warmup
from whet.types import Decoding, UsageError
from whet.types.optimizers import AdamW, ConstantDecay, CosineDecay

NOISE = 0.5


def world(
    *,
    world: str = "guess",
    level: int = 0,
    noise: float = NOISE,
    model: str = "",
    algorithm: str | Algorithm = "dapo",
) -> Run:
    """Train a policy in a world with one seat (RL with verdicts of the world).

    `world` is a name of `whet env list`, or a path.  `level` 0 is the lowest one.  `model` is a
    folder that `save_pretrained` wrote; without it, a tiny model begins with random weights, and a
    warm-up on plays of the expert, at last with random replies at a share `noise`.  With 1 it never
    sees an expert.  It meets the world without the text of the rules.
    """
    played = world_named(world) if model else terse_world(world)
    if len(played.seats) > 1:
        raise UsageError(
            f"world is {world!r}, which has {len(played.seats)} seats; give the recipe self_play"
        )
    check_noise(model, noise, NOISE)
    return (
        of_model(played, level, model, algorithm)
        if model
        else tiny(played, level, noise, algorithm)
    )


def check_noise(model: str, noise: float, default: float) -> None:
    """Raise `UsageError` for a share of random replies in a run without a warm-up."""
    if model and noise != default:
        raise UsageError(
            f"noise is {noise:g}, which has no effect with a model: it has no warm-up; leave out "
            "noise, or the model"
        )


def problems(world: World, level: int) -> Problems:
    """The tasks of one level of a world; 0 is the lowest one."""
    level = level or world.levels[0]
    check_level(world, level)
    return Problems(family=world, levels=(level, level))


def tiny(world: World, level: int, noise: float, algorithm: str | Algorithm) -> Run:
    """A tiny model from random weights, on a CPU and in minutes."""
    tasks = problems(world, level)
    return Run(
        model=FromScratch(
            shape="qwen3-tiny", tokenizer=CharacterTokenizer(alphabet=world.alphabet)
        ),
        corpus=tasks,
        reward=None,
        environment=world,
        warmup=warmups(tasks, noise),
        sampling=Standard(
            prompts=Uniform(per_step=16),
            size=Fixed(rollouts=16),
            decoding=Decoding(max_new_tokens=32, min_p=0.05),
        ),
        objective=algorithms.load(algorithm),
        optimizer=AdamW(lr=3e-4, betas=(0.9, 0.95), weight_decay=0.0),
        engine=Embedded(device="cpu", threads=1, slots=512, budget=6000),
        steps=30,
        minibatches=2,
        evaluation=EvalConfig(problems=100, samples=4, k=(1, 4)),
        periodic=PeriodicEval(every=10, evaluation=EvalConfig(problems=50, samples=2, k=(1,))),
    )


def warmups(
    tasks: Problems, noise: float, *, expert_steps: int = 1200, noisy_steps: int = 200
) -> tuple[Warmup, ...]:
    """Imitation of the expert, then of an expert with random replies at a share `noise`.

    The first phase ends when the loss is small, at the latest after `expert_steps`; the second has
    `noisy_steps`.
    """
    if not 0 <= noise <= 1:
        raise UsageError(f"noise is {noise:g}; give a share of the replies, from 0 to 1")
    imitation = Warmup(
        teacher=Transcripts(tasks=tasks),
        steps=expert_steps,
        batch=16,
        optimizer=AdamW(lr=3e-3, betas=(0.9, 0.98), decay=ConstantDecay(warmup=30)),
        until=0.02,
    )
    noisy = Warmup(
        teacher=Transcripts(
            tasks=tasks, players=(NoisyExpert(noise=noise) if noise < 1 else Chance(),)
        ),
        steps=noisy_steps,
        batch=16,
        optimizer=AdamW(lr=1.5e-3, betas=(0.9, 0.98), decay=CosineDecay(warmup=30, floor=0.1)),
    )
    if noise == 0:
        return (imitation,)
    return (imitation, noisy) if noise < 1 else (noisy,)


def of_model(world: World, level: int, model: str, algorithm: str | Algorithm) -> Run:
    """A local Hugging Face model, which reads the rules."""
    run = rl(model=model, corpus=problems(world, level), reward=None, algorithm=algorithm)
    return replace(run, environment=world)

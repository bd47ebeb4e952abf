"""The quickstart: a tiny model from random weights learns by RL to think step by step.

The first warm-up teaches the model to open a lock step by step.  The second one trains it on
correct examples in mixed styles, most of them bare answers.  After it the model guesses, and most
of its answers are wrong.  RL then rewards only the final answer.
"""

from whet.data.demonstrators import FromFamily
from whet.data.problems import Problems
from whet.data.procedural.lock import Lock
from whet.data.teachers import FullSolutions, MixedStyles
from whet.engines.embedded.engine import Embedded
from whet.engines.models import FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.evaluation.measure import EvalConfig
from whet.policy import algorithms
from whet.protocols import Algorithm
from whet.rewards.verifiable.labelled import Labelled
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.run import PeriodicEval, Run, Warmup
from whet.types import Decoding
from whet.types.optimizers import AdamW, ConstantDecay, CosineDecay


def quickstart(*, algorithm: str | Algorithm = "dapo") -> Run:
    """Train a tiny model from random weights, on a CPU and in minutes (RLVR).

    The task is a lock with three wheels, which opens by step-by-step reasoning.  The reward is 1 if
    all three final positions are right, else 0.
    """
    lock = Lock()
    return Run(
        model=FromScratch(shape="neox-tiny", tokenizer=CharacterTokenizer(alphabet=lock.alphabet)),
        corpus=Problems(family=lock, levels=(4, 4)),
        reward=Labelled(),
        demonstrator=FromFamily(family=lock),
        warmup=warmups(MixedStyles(family=lock, levels=(1, 4)), steps=350),
        sampling=Standard(
            prompts=Uniform(per_step=32),
            size=Fixed(rollouts=16),
            decoding=Decoding(max_new_tokens=36),
        ),
        objective=algorithms.load(algorithm),
        optimizer=AdamW(lr=5e-4, betas=(0.9, 0.95), weight_decay=0.0),
        engine=Embedded(device="cpu", threads=1, slots=512, budget=6000),
        steps=40,
        minibatches=2,
        evaluation=EvalConfig(problems=150, samples=16, k=(1, 4, 16)),
        periodic=PeriodicEval(every=4, evaluation=EvalConfig(problems=50, samples=2, k=(1,))),
    )


def warmups(styles: MixedStyles, *, steps: int) -> tuple[Warmup, Warmup]:
    """Full solutions until the loss is small, then so many steps of solutions in mixed styles."""
    return (
        Warmup(
            teacher=FullSolutions(family=styles.family, levels=styles.levels, ramp=200),
            steps=1400,
            batch=32,
            optimizer=AdamW(lr=3e-3, betas=(0.9, 0.98), decay=ConstantDecay(warmup=30)),
            until=0.05,
        ),
        Warmup(
            teacher=styles,
            steps=steps,
            batch=64,
            optimizer=AdamW(lr=1.5e-3, betas=(0.9, 0.98), decay=CosineDecay(warmup=30, floor=0.1)),
        ),
    )

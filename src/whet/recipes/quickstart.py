"""The quickstart: a tiny model, from random weights, discovers that thinking step by step pays.

First it is taught to open a lock step by step, and can.  Then it reads what many authors wrote, all
of it right, most of it the bare answer; now it guesses, and is mostly wrong.  Then only the final
answer is rewarded.
"""

from whet.data.demonstrators import Shown
from whet.data.problems import Problems
from whet.data.procedural.lock import Lock
from whet.data.teachers import Gold, Habits
from whet.engines.embedded.engine import Embedded
from whet.engines.models import Fresh
from whet.engines.tokenizers import Characters
from whet.evaluation.measure import Exam
from whet.policy import algorithms
from whet.protocols import Algorithm
from whet.rewards.verifiable.labelled import Labelled
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.run import Run, Warmup, Watch
from whet.types import Decoding
from whet.types.optimisers import AdamW, Constant, Cosine


def quickstart(*, algorithm: str | Algorithm = "dapo") -> Run:
    """A lock of three wheels; the reward is 1 if all three end where they should."""
    lock = Lock()
    return Run(
        model=Fresh(shape="neox-tiny", tokenizer=Characters(alphabet=lock.alphabet)),
        corpus=Problems(family=lock, levels=(4, 4)),
        reward=Labelled(),
        demonstrator=Shown(family=lock),
        warmup=(
            Warmup(
                teacher=Gold(family=lock, levels=(1, 4), ramp=200),
                steps=1400,
                batch=32,
                optimiser=AdamW(rate=3e-3, betas=(0.9, 0.98), decay=Constant(warmup=30)),
                until=0.05,
            ),
            Warmup(
                teacher=Habits(family=lock, levels=(1, 4)),
                steps=350,
                batch=64,
                optimiser=AdamW(rate=1.5e-3, betas=(0.9, 0.98), decay=Cosine(warmup=30, floor=0.1)),
            ),
        ),
        sampling=Standard(
            prompts=Uniform(per_step=32),
            size=Fixed(rollouts=16),
            decoding=Decoding(length=36),
        ),
        objective=algorithms.load(algorithm),
        optimiser=AdamW(rate=5e-4, betas=(0.9, 0.95), weight_decay=0.0),
        engine=Embedded(device="cpu", threads=1, slots=512, budget=6000),
        steps=40,
        minibatches=2,
        exam=Exam(problems=150, samples=16, k=(1, 4, 16)),
        watch=Watch(every=2, exam=Exam(problems=100, samples=4, k=(1, 4))),
    )

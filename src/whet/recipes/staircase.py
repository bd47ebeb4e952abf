"""The staircase: locks of four depths, which rewards teach one after the other.

The warm-up is the quickstart's, but for its second teacher, which nearly always writes the bare
answer.  The base opens shallow locks at once and deep ones next to never.  So most tokens of a
plain run teach nothing, and it matters where they are spent.
"""

from whet.data.demonstrators import FromFamily
from whet.data.pool import Pool
from whet.data.problems import Problems
from whet.data.procedural.lock import Lock
from whet.data.teachers import MixedStyles
from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder, FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.evaluation.measure import EvalConfig
from whet.policy import algorithms
from whet.protocols import Algorithm
from whet.recipes.quickstart import warmups
from whet.rewards.verifiable.labelled import Labelled
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.run import PeriodicEval, Run
from whet.types import Decoding
from whet.types.optimizers import AdamW

DEEPEST = 4
SAMPLING = Standard(
    prompts=Uniform(per_step=16), size=Fixed(rollouts=16), decoding=Decoding(max_new_tokens=36)
)


def staircase(
    *,
    base: str = "",
    algorithm: str | Algorithm = "dapo",
    lowest: int = 1,
    weights: tuple[float, ...] = (),
    tasks: int = 0,
) -> Run:
    """Train a tiny model on locks of several depths, a setting to compare sampling strategies.

    `base` is the folder of a base that an earlier run saved (`checkpoints/step-000000`); without it
    the run makes one.  Training draws the depths from `lowest` to 4 with these `weights`;
    evaluation goes round all four evenly, or has only level 4 if `lowest` is 4.  With `tasks`, the
    run trains on so many tasks, which come again; else it never meets a task twice.
    """
    lock = Lock()
    rarely = MixedStyles(family=lock, levels=(1, DEEPEST), weights=(0.05, 0.1, 0.85))
    endless = Problems(family=lock, levels=(lowest, DEEPEST), weights=weights)
    fresh = FromScratch(shape="neox-tiny", tokenizer=CharacterTokenizer(alphabet=lock.alphabet))
    return Run(
        model=Folder(path=base) if base else fresh,
        corpus=Pool(corpus=endless, tasks=tasks) if tasks else endless,
        eval_corpus=Problems(family=lock, levels=(DEEPEST if lowest == DEEPEST else 1, DEEPEST)),
        reward=Labelled(),
        demonstrator=FromFamily(family=lock),
        warmup=() if base else warmups(rarely, steps=200),
        sampling=SAMPLING,
        objective=algorithms.load(algorithm),
        optimizer=AdamW(lr=5e-4, betas=(0.9, 0.95), weight_decay=0.0),
        engine=Embedded(device="cpu", threads=1, slots=512, budget=6000),
        steps=80,
        minibatches=1,
        evaluation=EvalConfig(problems=100, samples=16, k=(1, 4, 16)),
        periodic=PeriodicEval(every=5, evaluation=EvalConfig(problems=100, samples=4, k=(1, 4))),
    )

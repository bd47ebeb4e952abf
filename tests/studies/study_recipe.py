"""A run of a second, for studies: short lists, after twelve steps of warm-up."""

from whet.data.problems import Problems
from whet.data.procedural.lists import Lists
from whet.data.teachers import FullSolutions
from whet.engines.embedded.engine import Embedded
from whet.engines.models import FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.evaluation.measure import EvalConfig
from whet.policy import algorithms
from whet.rewards.verifiable.exact import Exact
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.run import CheckpointConfig, PeriodicEval, Run, Warmup
from whet.types import Decoding
from whet.types.optimizers import AdamW


def study_recipe(*, algorithm: str = "reinforce") -> Run:
    """Lists of three numbers."""
    lists = Lists()
    return Run(
        model=FromScratch(
            shape="qwen3-tiny", tokenizer=CharacterTokenizer(alphabet=lists.alphabet)
        ),
        corpus=Problems(family=lists, levels=(3, 3)),
        reward=Exact(before="#"),
        warmup=(
            Warmup(
                teacher=FullSolutions(family=lists, levels=(3, 3)),
                steps=12,
                batch=16,
                optimizer=AdamW(lr=3e-3),
            ),
        ),
        sampling=Standard(
            prompts=Uniform(per_step=2),
            size=Fixed(rollouts=4),
            decoding=Decoding(max_new_tokens=8),
        ),
        objective=algorithms.load(algorithm),
        optimizer=AdamW(lr=1e-3),
        engine=Embedded(device="cpu", threads=1, slots=32),
        steps=3,
        evaluation=EvalConfig(problems=4, samples=2, k=(1,)),
        periodic=PeriodicEval(every=0),
        checkpoints=CheckpointConfig(seconds=0.0),
    )

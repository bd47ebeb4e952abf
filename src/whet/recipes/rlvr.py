"""RLVR: train a local Hugging Face model with rewards from a verifier."""

from whet import rewards
from whet.data import corpus
from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder
from whet.policy import algorithms
from whet.protocols import Algorithm, Corpus, Judge
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.run import Run
from whet.types import Decoding
from whet.types.optimizers import AdamW, ConstantDecay


def rlvr(
    *, model: str, data: str, reward: str | Judge = "declared", algorithm: str | Algorithm = "grpo"
) -> Run:
    """Train a local Hugging Face model with rewards from a verifier (RLVR).

    `model` is the folder that `save_pretrained` wrote.  `data` is a .jsonl or .parquet file, a
    procedural family, or gym:NAME.  `reward` is a name, or path.py:function for a function of your
    own.  The default reward is the verifier that each task names.
    """
    return rl(model=model, corpus=corpus(data), reward=rewards.find(reward), algorithm=algorithm)


def rl(*, model: str, corpus: Corpus, reward: Judge | None, algorithm: str | Algorithm) -> Run:
    """RL of a local model on any corpus; without a reward, the environment has to judge."""
    return Run(
        model=Folder(path=model),
        corpus=corpus,
        reward=reward,
        sampling=Standard(
            prompts=Uniform(per_step=16),
            size=Fixed(rollouts=8),
            decoding=Decoding(max_new_tokens=512),
        ),
        objective=algorithms.load(algorithm),
        optimizer=AdamW(lr=1e-6, betas=(0.9, 0.999), decay=ConstantDecay(warmup=10)),
        engine=Embedded(),
        steps=200,
    )

"""DAPO whole (arXiv:2503.14476): its loss, dynamic sampling with refill, and the overlong penalty.

The algorithm `dapo` alone is the loss: clip-higher and the token-level mean.
"""

from whet import rewards
from whet.data import corpus
from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder
from whet.policy import algorithms
from whet.protocols import Judge
from whet.rewards.shaping.overlong import Overlong
from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.run import Run
from whet.types import Decoding
from whet.types.optimizers import AdamW, Constant


def dapo(*, model: str, data: str, reward: str | Judge = "declared", longest: int = 512) -> Run:
    """A local Hugging Face folder learns from the groups that a judge tells apart.

    `data` and `reward` are as in the recipe rlvr.  A reply of more than ¾ of `longest` tokens loses
    up to 1, as far as the last quarter is used up.  Ten more rounds of sampling are the customary
    limit (from memory: veRL's recipe); the paper has none.
    """
    return Run(
        model=Folder(path=model),
        corpus=corpus(data),
        reward=Overlong(longest=longest, cushion=longest // 4, inner=rewards.find(reward)),
        sampling=Standard(
            prompts=Uniform(per_step=16),
            size=Fixed(rollouts=8),
            decoding=Decoding(max_new_tokens=longest),
            gate=NonZeroSpread(max_rounds=10, oversample=1.5),
        ),
        objective=algorithms.load("dapo"),
        optimizer=AdamW(lr=1e-6, betas=(0.9, 0.999), decay=Constant(warmup=10)),
        engine=Embedded(),
        steps=200,
    )

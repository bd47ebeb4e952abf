"""All of DAPO (arXiv:2503.14476): the loss, dynamic sampling with refill, the overlong penalty.

The algorithm `dapo` is the loss alone: clip-higher and the token-level mean.
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
from whet.types.optimizers import AdamW, ConstantDecay


def dapo(*, model: str, data: str, reward: str | Judge = "declared", longest: int = 512) -> Run:
    """Train a local Hugging Face model with the full DAPO recipe.

    `model`, `data` and `reward` are as in the recipe rlvr.  `longest` is the longest reply in
    tokens.  A reply of more than ¾ of `longest` tokens loses reward.  The penalty grows linearly
    to 1 over the last quarter.  Groups without reward spread are replaced, in at most ten more
    rounds of sampling.  That limit is veRL's (unconfirmed); the paper has none.
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
        optimizer=AdamW(lr=1e-6, betas=(0.9, 0.999), decay=ConstantDecay(warmup=10)),
        engine=Embedded(),
        steps=200,
    )

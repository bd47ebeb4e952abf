"""Process rewards: a trained step model scores every step, and a verifier scores the answer."""

from whet import rewards
from whet.data import corpus
from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder
from whet.policy import algorithms
from whet.protocols import Algorithm, Judge
from whet.rewards.dense.cutting import Separated
from whet.rewards.dense.process_model import ProcessModel
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.run import Run
from whet.training.stepmodel import TrainedSteps
from whet.types import Decoding
from whet.types.optimizers import AdamW, ConstantDecay


def process_rewards(
    *,
    model: str,
    data: str,
    steps: str,
    mark: str = "\n\n",
    reward: str | Judge = "declared",
    algorithm: str | Algorithm = "stepwise",
) -> Run:
    """Train a local Hugging Face model with process rewards from a step model.

    A verifier scores the answer, too.  `model`, `data` and `reward` are as in the recipe rlvr.
    `steps` is the folder that `train_step_model` wrote.  `mark` is the text that ends each step of
    a reply.  It must be the mark that the step model was trained with.
    """
    return Run(
        model=Folder(path=model),
        corpus=corpus(data),
        reward=ProcessModel(
            model=TrainedSteps(path=steps, engine=Embedded()),
            cuts=Separated(mark=mark),
            inner=rewards.find(reward),
        ),
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

"""What the parts of a run have to say of each other, before any compute."""

from whet.policy.anatomy import objections
from whet.training.run import Run
from whet.types import Circumstances, Need, Refusal


def circumstances(run: Run) -> Circumstances:
    """The numbers that parts may ask for."""
    return Circumstances(
        samples=run.sampling.group_size,
        length=run.decoding.length,
        steps=run.steps,
        minibatches=run.minibatches,
    )


def insist(run: Run) -> None:
    """Raise `Refusal` with the first reason that a part gives why the run can't work."""
    here = circumstances(run)
    if Need.PAIRS in run.objective.needs and here.samples == 1:
        raise Refusal(
            "sampling.size.rollouts is 1, but the algorithm learns from right and wrong rollouts "
            "of one task; give 2 or more"
        )
    for reason in objections(run, here):
        raise Refusal(reason)

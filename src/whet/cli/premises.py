"""What has to be true of a run before any compute; `plan` and `train` ask the same."""

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


def validated(run: Run) -> Run:
    """The run itself.  Raises `Refusal` with the first reason why it can't work."""
    _fits(run)
    _has_pairs(run)
    for reason in objections(run, circumstances(run)):
        raise Refusal(reason)
    return run


def _fits(run: Run) -> None:
    length, positions = run.decoding.length, run.model.size().positions
    if length >= positions:
        raise Refusal(
            f"sampling.decoding.length is {length}, but the model has {positions} positions for "
            "prompt and reply; give less"
        )


def _has_pairs(run: Run) -> None:
    if Need.PAIRS in run.objective.needs and run.sampling.group_size == 1:
        raise Refusal(
            "sampling.size.rollouts is 1, but the algorithm learns from right and wrong rollouts "
            "of one task; give 2 or more"
        )

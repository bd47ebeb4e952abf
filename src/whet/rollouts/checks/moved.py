"""Movement: a step with a gradient moves the weights, by the learning rate that was asked for."""

from collections.abc import Sequence

from whet.protocols import Learner, Update
from whet.types import IntegrityError, Mean, Version

_NOISE = 1e-6  # gradient norm below which AdamW's ε may round a step to nothing
_PATIENCE = {"float32": 1}  # steps without movement; others round small steps to nothing
_ROUNDED = 16


def check_rate(updates: Sequence[Update], lr: float) -> None:
    """The optimizer used the learning rate of this step.

    Raises `IntegrityError` for a rate of another step, and for one that did not arrive.
    """
    for update in updates:
        if update.lr is not None and update.lr != lr:
            raise IntegrityError(
                f"learning rate: the weights were moved by {update.lr:g}, but {lr:g} is due in "
                "this step; a schedule was stepped twice, or the rate does not reach the optimizer"
            )


def check_movement(
    held: tuple[Version, Version], updates: Sequence[Update], lr: float, still: int, dtype: str
) -> int:
    """The number of steps in a row that left the weights as they are, though they had a gradient.

    `held` has the versions before and after the step, `still` the number before it.

    Raises `IntegrityError` for 1 such step in float32, and for 16 in lower precision.
    """
    before, after = held
    norm = max((u.metrics.get("grad_norm", Mean()).total for u in updates), default=0.0)
    if before.digest != after.digest:
        return 0
    if lr == 0 or norm <= _NOISE:
        return still
    if still + 1 < _PATIENCE.get(dtype, _ROUNDED):
        return still + 1
    why = (
        "the step was not taken, or what is published is not what is trained"
        if dtype == "float32"
        else f"in {dtype} a step that is small beside a weight rounds to nothing: give "
        "engine.masters float32_masters, or a larger optimizer.lr"
    )
    raise IntegrityError(
        f"weights have not moved: the gradient has norm {norm:.3g} and the learning rate is "
        f"{lr:g}, but the digest is still {after.digest}; {why}"
    )


def check_optimizer(learner: Learner, taken: int | None) -> None:
    """The optimizer is the one of the step before.

    `taken` is the number of its steps at the end of the step before; None: not known.  Raises
    `IntegrityError` for another number: it came back fresh, or from another checkpoint.
    """
    found = learner.optimizer_steps
    if taken is not None and found is not None and found != taken:
        raise IntegrityError(
            f"optimizer: it has taken {found} steps, but {taken} when the step before ended; its "
            "moments were lost or are of another checkpoint, so the weights would be moved "
            "otherwise than in a run without a stop"
        )

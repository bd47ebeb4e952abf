"""Words that a shape puts into replies: external tokens, which the policy did not choose."""

from whet.protocols import Shape
from whet.types import RunSpec


def forcing_error(shape: Shape, spec: RunSpec) -> str:
    """Why a shape that forces words can't work with this algorithm; empty if it can."""
    if not spec.trains_external:
        return ""
    return (
        f"sampling.shape {type(shape).__name__} puts words into replies, and the algorithm would "
        "train them as the policy's own; give --objective.on policy_tokens, or an algorithm with "
        "it, such as uft"
    )

"""Words that a shape puts into replies: external tokens, which the policy did not choose."""

from whet.protocols import Shape
from whet.types import RunSpec

UNTRAINED = (  # what leaves external tokens out
    "give --objective.on policy_tokens (with --objective.aggregation selected_token_mean they are "
    "not counted in the mean either), or an algorithm with it, such as uft"
)


def forcing_error(shape: Shape, spec: RunSpec) -> str:
    """Why a shape that forces words can't work with this algorithm; empty if it can."""
    if not spec.trains_external:
        return ""
    return (
        f"sampling.shape {type(shape).__name__} puts words into replies, and the algorithm would "
        f"train them as the policy's own; {UNTRAINED}"
    )

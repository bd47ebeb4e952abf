"""The number of steps in a number of epochs."""

from math import ceil, isfinite

from whet.protocols import Corpus
from whet.types import UsageError


def steps_of_epochs(corpus: Corpus, epochs: float, per_step: int) -> int:
    """The steps after which each training task was drawn `epochs` times, `per_step` at a time.

    ⌈epochs · tasks / per_step⌉.  Raises `UsageError` for a corpus without an end.
    """
    if not isfinite(epochs) or epochs <= 0:
        raise UsageError(f"epochs is {epochs}; give more than 0, such as 1 or 0.5")
    size = corpus.size("train")
    if size is None:
        name = type(corpus).__name__
        raise UsageError(
            f"epochs is {epochs:g}, but a corpus of {name} is endless and has no epochs; give steps"
        )
    if not size:
        raise UsageError(f"epochs is {epochs:g}, but the corpus has no training tasks; give steps")
    return ceil(epochs * size / per_step)

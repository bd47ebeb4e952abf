"""PROF (arXiv:2509.03403): keep the replies whose steps agree with their outcome.

The paper does so instead of adding process and outcome rewards.  The share that is dropped is
unconfirmed.
"""

from collections.abc import Sequence
from math import ceil


def consistent(correct: Sequence[bool], process: Sequence[float], drop: float = 0.5) -> list[bool]:
    """A mask of the replies to keep: right ones with high, wrong ones with low mean step scores.

    A share `drop` of either side goes first, then the larger side is cut to the size of the
    smaller.  If one side is empty, the other stays.  Among equals the first is kept.
    """
    right = sorted((i for i, c in enumerate(correct) if c), key=lambda i: -process[i])
    wrong = sorted((i for i, c in enumerate(correct) if not c), key=lambda i: process[i])
    left = [ceil(len(side) * (1 - drop)) for side in (right, wrong)]
    most = min(left) if all(left) else max(left)
    kept = {*right[: min(left[0], most)], *wrong[: min(left[1], most)]}
    return [i in kept for i in range(len(correct))]

"""PROF: choose chains whose steps agree with their outcome, don't add the two.

arXiv:2509.03403; how many are dropped is unconfirmed.
"""

from collections.abc import Sequence
from math import ceil


def consistent(correct: Sequence[bool], process: Sequence[float], drop: float = 0.5) -> list[bool]:
    """Who is kept: of the right the best by their mean step score, of the wrong the worst.

    As many right as wrong ones stay where both can spare them: first a share `drop` of each, then
    of the larger side down to the smaller.  Ties keep the first.
    """
    right = sorted((i for i, c in enumerate(correct) if c), key=lambda i: -process[i])
    wrong = sorted((i for i, c in enumerate(correct) if not c), key=lambda i: process[i])
    left = [ceil(len(side) * (1 - drop)) for side in (right, wrong)]
    most = min(left) if all(left) else max(left)
    kept = {*right[: min(left[0], most)], *wrong[: min(left[1], most)]}
    return [i in kept for i in range(len(correct))]

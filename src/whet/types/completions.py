"""What a generator gives back."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int32

from whet.types.tasks import Finish
from whet.types.versions import Version


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Completion:
    """One reply, token by token; the arrays have one entry for each chosen token.

    `logp` is log softmax(z / T) of the token, `entropy` that distribution's in nats.
    `self_certainty` in `columns` is KL(U ‖ softmax(z)) in nats (arXiv:2505.19590).
    """

    token_ids: Int32[np.ndarray, " n"]
    logp: Float32[np.ndarray, " n"]
    entropy: Float32[np.ndarray, " n"] | None  # None: the engine does not tell
    spans: tuple[tuple[int, Version], ...]  # so many tokens in a row, by these weights
    columns: Mapping[str, np.ndarray]
    finish: Finish | None  # None: interrupted by new weights

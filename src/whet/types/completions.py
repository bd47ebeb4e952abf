"""The output of a generator for one prompt."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int32

from whet.types.tasks import Finish
from whet.types.versions import Version

COUNTED = "counted_elsewhere"
"""The column [N, 2] of replies whose tokens are not seen here: in the row of a reply's first token
the tokens of its prompt and of the reply as a server counts them, −1 where it does not; else 0.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Completion:
    """One reply, token by token. Every array has one entry per sampled token.

    `logp` is the log-prob of the token in the distribution that it was drawn from: softmax(z / T),
    truncated and renormalised. `entropy` is the entropy of that distribution, in nats. The column
    `kept_ids` has the ids that truncation kept (`whet.types.kept`), where the decoding truncates.
    The column `self_certainty` is KL(U ‖ softmax(z)) in nats (arXiv:2505.19590).
    """

    token_ids: Int32[np.ndarray, " n"]
    logp: Float32[np.ndarray, " n"]
    entropy: Float32[np.ndarray, " n"] | None  # None: the engine does not return it
    spans: tuple[tuple[int, Version], ...]  # (consecutive tokens, version of the weights)
    columns: Mapping[str, np.ndarray]
    finish: Finish | None  # None: interrupted by new weights

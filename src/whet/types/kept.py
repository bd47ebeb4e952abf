"""The tokens that truncated sampling left, for each sampled token.

With top_p < 1, top_k > 0 or min_p > 0 a token is drawn from the renormalised distribution over a
set of kept ids.  The learner's log-probs are renormalised over the same set, so that a ratio is one
of the distributions that were sampled (Keep Sampling Mask of DeepSeek-V3.2, arXiv:2512.02556).  The
column `KEPT` of a rollout holds these sets: per sampled token, the ids as the bytes of an int32
array.  No bytes mean the whole distribution, as of a token that was forced.

Sets differ much in size, so they are not padded: a token takes 4 bytes per kept id and about 40
more.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Int64
from numpy import ndarray

KEPT = "kept_ids"
WHOLE = b""  # the set of a token that was drawn from the whole distribution
_SIZE = np.dtype(np.int32).itemsize


class KeptIds(NamedTuple):
    """The kept ids of n tokens, laid end to end."""

    sizes: Int64[ndarray, " n"]  # 0: the whole distribution
    ids: Int32[ndarray, " S"]


def kept_column(sets: Sequence[bytes]) -> ndarray:
    """The column of these sets."""
    column = np.empty(len(sets), object)
    column[:] = sets
    return column


def as_sets(kept: KeptIds) -> list[bytes]:
    """The set of each token."""
    held = kept.ids.astype(np.int32).tobytes()
    ends = (_SIZE * kept.sizes.cumsum()).tolist()
    return [held[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def kept_ids(column: Sequence[bytes] | ndarray) -> KeptIds:
    """The ids of a column."""
    sizes = np.array([len(one) // _SIZE for one in column], np.int64)
    return KeptIds(sizes, np.frombuffer(b"".join(column), np.int32))


def kept_of(columns: Mapping[str, ndarray], tokens: int) -> ndarray:
    """The column of a rollout with so many tokens; whole distributions where it has none."""
    return columns.get(KEPT, kept_column([WHOLE] * tokens))

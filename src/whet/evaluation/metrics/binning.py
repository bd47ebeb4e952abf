"""Bins that hold equally many values."""

from collections.abc import Sequence

import numpy as np

from whet.types import UsageError


def equal_mass(values: Sequence[float] | np.ndarray, bins: int) -> np.ndarray:
    """The bin of each value, from 0, in the order of the values; no bin is empty.

    A value is in bin ⌊bins · r / N⌋, r being the middle of the ranks that it has: so equal values
    share a bin, and there are fewer bins where many are equal.  Raises `UsageError` for no bins,
    and for a value that is not finite.
    """
    if bins < 1:
        raise UsageError(f"bins is {bins}; give 1 or more")
    held = np.asarray(values, dtype=np.float64)
    if not np.isfinite(held).all():
        raise UsageError("a value is not finite; leave it out")
    _, place, counts = np.unique(held, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    wanted = np.floor(bins * middle / max(len(held), 1)).astype(int)
    return np.unique(wanted, return_inverse=True)[1][place]

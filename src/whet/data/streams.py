"""Streams of training tasks: every seed has its own range of indices."""

STREAM = 1 << 32
"""Indices of the training split per seed: the seed s draws from s · STREAM on."""


def turn_and_place(index: int, size: int) -> tuple[int, int]:
    """The epoch of an index over `size` rows, and its position in the epoch.

    Every stream begins a round of its own, so that the first `size` indices of a seed meet each row
    once.
    """
    stream, drawn = divmod(index, STREAM)
    turn, place = divmod(drawn, size)
    return stream * STREAM + turn, place

"""Where the tasks of one seed end, and those of the next begin."""

STREAM = 1 << 32
"""Indices of the training split per seed: the seed s draws from s · STREAM on."""


def turn_and_place(index: int, size: int) -> tuple[int, int]:
    """In which round through `size` rows an index of any seed's stream falls, and where in it.

    Every stream begins a round of its own, so that the first `size` indices of a seed meet each row
    once.
    """
    stream, drawn = divmod(index, STREAM)
    turn, place = divmod(drawn, size)
    return stream * STREAM + turn, place

"""Staged schedules: replies may be longer, and sampling hotter, from stage to stage."""

from dataclasses import replace

from whet.recipes.staircase import SAMPLING, staircase
from whet.sampling.schedules.staged_length import StagedLength
from whet.sampling.schedules.staged_temperature import StagedTemperature
from whet.training.run import Run


def staged_schedules(*, base: str = "") -> Run:
    """The staircase in three stages of length and temperature, as POLARIS has them.

    The temperatures 0.9, 1 and 1.1 and the lengths 24, 30 and 36 are ours, for replies of a few
    tokens.  `base` is as in the recipe staircase.
    """
    return replace(
        staircase(base=base),
        sampling=replace(
            SAMPLING,
            schedules=(
                StagedTemperature(temperatures=(0.9, 1.0, 1.1)),
                StagedLength(lengths=(24, 30, 36)),
            ),
        ),
    )

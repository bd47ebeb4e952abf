"""Replayed groups: groups of earlier steps are learned from again."""

from dataclasses import replace

from whet.recipes.staircase import SAMPLING, staircase
from whet.sampling.replay.prioritised_replay import PrioritisedReplay
from whet.training.run import Run


def replayed_groups(*, base: str = "") -> Run:
    """The staircase with prioritised replay of whole groups (arXiv:1511.05952).

    A quarter of each batch are groups of earlier steps, the more varied ones more often, with
    weights that correct for that.  `base` is as in the recipe staircase.
    """
    return replace(
        staircase(base=base),
        sampling=replace(SAMPLING, replay=PrioritisedReplay()),
    )

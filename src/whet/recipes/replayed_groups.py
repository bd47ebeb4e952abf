"""Replayed groups: groups of earlier steps are learned from again."""

from dataclasses import replace

from whet.recipes.staircase import staircase
from whet.sampling.replay.prioritised_replay import PrioritisedReplay
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.run import Run


def replayed_groups(*, base: str = "") -> Run:
    """The staircase with prioritised replay of whole groups (arXiv:1511.05952).

    A quarter of each batch are groups of earlier steps, the more varied ones more often, with
    weights that correct for that.  `base` is as in the recipe staircase.
    """
    run = staircase(base=base)
    return replace(
        run,
        sampling=Standard(
            prompts=Uniform(per_step=16),
            size=Fixed(rollouts=16),
            decoding=run.decoding,
            replay=PrioritisedReplay(),
        ),
    )

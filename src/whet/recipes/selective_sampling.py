"""Selective sampling: tokens go to tasks that still have something to teach."""

from dataclasses import replace

from whet.recipes.staircase import SAMPLING, staircase
from whet.sampling.dynamic.greso import Greso
from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.training.run import Run


def selective_sampling(*, base: str = "") -> Run:
    """The staircase with GRESO and refill (arXiv:2506.02177, 2503.14476).

    Tasks whose replies were all right or all wrong lately are skipped, and groups of equal results
    are replaced.  `base` is as in the recipe staircase.  Training has 400 tasks, which come again.
    """
    return replace(
        staircase(base=base, tasks=400),
        sampling=replace(SAMPLING, prompts=Greso(per_step=16), gate=NonZeroSpread(max_rounds=10)),
    )

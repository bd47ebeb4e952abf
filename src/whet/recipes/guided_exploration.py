"""Guided exploration: some rollouts begin with a part of a solution."""

from dataclasses import replace

from whet.policy.aggregation import SelectedTokenMean
from whet.policy.algorithms.critic_free.dapo import dapo
from whet.policy.selections import PolicyTokens
from whet.recipes.staircase import SAMPLING, staircase
from whet.sampling.exploration.g2rpo_a import G2RpoA
from whet.training.run import Run


def guided_exploration(*, base: str = "") -> Run:
    """The staircase with guidance by G²RPO-A (arXiv:2508.13023).

    A sixth of each group begins with the first part of a solution, whose length follows the
    rewards.  The tokens of the solution are not trained, and leave the mean.  `base` is as in the
    recipe staircase.
    """
    return replace(
        staircase(base=base),
        objective=replace(dapo(), on=PolicyTokens(), aggregation=SelectedTokenMean()),
        sampling=replace(SAMPLING, schedules=(G2RpoA(),)),
    )

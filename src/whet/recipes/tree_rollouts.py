"""Tree rollouts: replies of a task share their first tokens, and nodes get the credit."""

from dataclasses import replace

from whet.policy import algorithms
from whet.recipes.staircase import SAMPLING, staircase
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.structured.tree import Tree
from whet.training.run import Run


def tree_rollouts(*, base: str = "") -> Run:
    """The staircase with one tree per task (SPO-tree, arXiv:2505.23564).

    Each task has 4 paths of 8 tokens, each of which forks into 4.  So of 16 replies, each 4 have
    their first 8 tokens in common, which are sampled once.  `base` is as in the recipe staircase.
    """
    return replace(
        staircase(base=base),
        objective=algorithms.load("spo_tree"),
        sampling=replace(
            SAMPLING, size=Fixed(rollouts=1), shape=Tree(branches=(4, 4), segments=(8,))
        ),
    )

"""Tree rollouts: replies of a task share their first tokens, and nodes get the credit."""

from dataclasses import replace

from whet.policy import algorithms
from whet.recipes.staircase import staircase
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.sampling.structured.tree import Tree
from whet.training.run import Run


def tree_rollouts(*, base: str = "") -> Run:
    """The staircase with one tree per task (SPO-tree, arXiv:2505.23564).

    Each task has 4 paths of 8 tokens, each of which forks into 4: 16 replies, of which the first
    halves are sampled once.  `base` is as in the recipe staircase.
    """
    run = staircase(base=base)
    return replace(
        run,
        objective=algorithms.load("spo_tree"),
        sampling=Standard(
            prompts=Uniform(per_step=16),
            size=Fixed(rollouts=1),
            shape=Tree(branches=(4, 4), segments=(8,)),
            decoding=run.decoding,
        ),
    )

"""Leaves of paused rollouts: every token still belongs to one leaf, and sharing is exact."""

from random import Random

import pytest
from recorded import recorded

from whet.sampling.structured.leaves_of_trees import joined_leaves, rooted
from whet.types import Task

TASK = Task(id="t", prompt="?")


def forked(rng, count):
    """Rollouts that fork from random places of random earlier ones, also of shared tokens.

    No two sampled tokens are alike, so rows share what was sampled once.
    """
    fresh = iter(range(1, 10_000))
    found = []
    for n in range(count):
        parent, at = (rng.choice(found), None) if found and rng.random() < 0.9 else (None, 0)
        shared = [] if parent is None else parent.chosen_ids.tolist()
        at = rng.randint(0, len(shared))
        row = [*shared[:at], *(next(fresh) for _ in range(rng.randint(1, 4)))]
        found.append(
            recorded(
                task=TASK,
                id=f"r{n}",
                parent="" if parent is None else parent.id,
                forked_at=at,
                tokens=(0, *row),
                chosen=(False, *[True] * len(row)),
                behaviour_logp=(-0.5,) * len(row),
            )
        )
    return found


@pytest.mark.parametrize("seed", range(60))
def test_what_is_left_is_a_tree_of_the_same_tokens(seed):
    rng = Random(seed)
    every = forked(rng, 25)
    gone = [rollout for rollout in every if rng.random() < 0.5]
    leaves = [rollout for rollout in every if rollout not in gone]
    joined = joined_leaves(leaves, gone)
    assert [leaf.id for leaf in joined] == [leaf.id for leaf in leaves]
    known = {leaf.id: leaf for leaf in joined}
    for leaf in joined:
        if leaf.parent:
            parent, at = known[leaf.parent], leaf.forked_at
            assert leaf.chosen_ids[:at].tolist() == parent.chosen_ids[:at].tolist()
            assert not parent.parent or at > parent.forked_at or not known.get(parent.parent)
    tokens = {token for leaf in leaves for token in leaf.chosen_ids.tolist()}
    assert sum(leaf.length - leaf.forked_at for leaf in joined) == len(tokens)


@pytest.mark.parametrize("seed", range(5))
def test_leaves_of_one_play_are_one_tree(seed):
    joined = rooted(joined_leaves(forked(Random(seed), 25), ()))
    assert sum(not leaf.parent for leaf in joined) == 1
    assert rooted([]) == []

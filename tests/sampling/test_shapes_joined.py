"""Leaves of paused rollouts: every token still belongs to one leaf, and sharing is exact."""

from random import Random

import pytest
from recorded import recorded

from whet.policy.nodes import nodes
from whet.policy.sharing import OncePerToken
from whet.rollouts.lineage import parentage
from whet.sampling.structured.rooting import rooted
from whet.types import Task
from whet.types.lineage import forks

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


@pytest.mark.parametrize("shuffled", [False, True], ids=["in order", "in any order"])
@pytest.mark.parametrize("seed", range(60))
def test_what_is_left_is_a_tree_of_the_same_tokens(seed, shuffled):
    rng = Random(seed)
    every = forked(rng, 25)
    gone = [rollout for rollout in every if rng.random() < 0.5]
    leaves = [rollout for rollout in every if rollout not in gone]
    if shuffled:
        rng.shuffle(gone)
    placed = forks(leaves, gone)
    known = {leaf.id: leaf for leaf in leaves}
    parents = {leaf.id: fork for leaf, fork in zip(leaves, placed, strict=True)}
    for leaf, (name, at) in zip(leaves, placed, strict=True):
        if name:
            parent = known[name]
            assert leaf.chosen_ids[:at].tolist() == parent.chosen_ids[:at].tolist()
            assert not parents[name].parent or at > parents[name].at
    tokens = {token for leaf in leaves for token in leaf.chosen_ids.tolist()}
    own = zip(leaves, placed, strict=True)
    assert sum(leaf.length - fork.at for leaf, fork in own) == len(tokens)


@pytest.mark.parametrize("seed", range(60))
def test_every_token_that_is_left_is_in_one_node_and_counts_once(seed):
    """Also where a rollout is forked within tokens that its missing parent shares."""
    rng = Random(seed)
    every = forked(rng, 12)
    leaves = [rollout for rollout in every if rng.random() < 0.5]
    rows = [leaf.chosen_ids.tolist() for leaf in leaves]
    columns = parentage(leaves, every)
    if columns is None:
        return
    owner: dict[int, set[object]] = {}
    for row, found in zip(rows, nodes(columns), strict=True):
        each = [node for node in found for _ in range(node.start, node.stop)]
        for token, node in zip(row, each, strict=True):
            owner.setdefault(token, set()).add(node)
    assert all(len(names) == 1 for names in owner.values())
    alike = [sum(token in other for other in rows) for row in rows for token in row]
    assert OncePerToken()(columns).tolist() == pytest.approx([1 / n for n in alike])


def test_an_heir_shares_no_more_than_it_shared_with_its_missing_parent():
    """Leaf a says 1 2 3; b shares it and says 4; c shares 1 with b, and so with a."""
    a, b, c = (
        recorded(
            task=TASK,
            id=name,
            parent=parent,
            forked_at=at,
            tokens=(0, *row),
            chosen=(False, *[True] * len(row)),
            behaviour_logp=(-0.5,) * len(row),
        )
        for name, parent, at, row in [
            ("a", "", 0, (1, 2, 3)),
            ("b", "a", 3, (1, 2, 3, 4)),
            ("c", "b", 1, (1, 5, 6, 7)),
        ]
    )
    assert forks([a, c], [b]) == [("", 0), ("a", 1)]


@pytest.mark.parametrize("seed", range(5))
def test_leaves_of_one_play_are_one_tree(seed):
    joined = rooted(forked(Random(seed), 25), ())
    assert sum(not leaf.parent for leaf in joined) == 1
    assert rooted([], ()) == []

"""Of a tree of which some leaves are missing, every token still counts once."""

import asyncio
from collections import Counter
from random import Random

import pytest
from fakes import fake
from recorded import recorded

from whet.policy import algorithms
from whet.protocols import Learner
from whet.rollouts.batching import build_batch
from whet.types import Group, Reason, Task, Verdict

TASK = Task(id="t", prompt="?")
LEARNER = fake(Learner, version=0)


def tree(rng, depth=3):
    """Leaves as a player forks them: the first child keeps its parent's name.  No two tokens are
    alike, so that tokens are shared where rows begin alike.
    """
    fresh = iter(range(10_000))
    leaves = []

    def grow(name, parent, forked_at, row, left):
        row = [*row, *(next(fresh) for _ in range(rng.randrange(3)))]
        if not left or rng.random() < 0.2:
            leaves.append((name, parent, forked_at, row))
            return
        for n in range(rng.choice([1, 2, 3])):
            own = f"{name}/{len(row)}.{left}.{n}"
            given = (name, parent, forked_at) if n == 0 else (own, name, len(row))
            grow(*given, row, left - 1)

    grow("root", "", 0, [next(fresh)], depth)
    return leaves


def rollout(leaf, score):
    name, parent, forked_at, row = leaf
    verdict = (
        Verdict.unjudged("away")
        if score is None
        else Verdict(reason=Reason.PARTIAL, score=score, correct=None)
    )
    return recorded(
        task=TASK,
        id=name,
        parent=parent,
        forked_at=forked_at,
        tokens=(0, *row),
        chosen=(False, *[True] * len(row)),
        behaviour_logp=(-0.5,) * len(row),
        verdict=verdict,
    )


def by_hand(rows):
    """1 / (rows that begin alike up to and with this token)."""
    alike = Counter(tuple(row[: k + 1]) for row in rows for k in range(len(row)))
    return [1 / alike[tuple(row[: k + 1])] for row in rows for k in range(len(row))]


def weights(group):
    asked = build_batch([group], algorithms.load("reinforce"), LEARNER)
    batch, _ = asyncio.run(asked)
    assert batch.tokens.totals.tokens == pytest.approx(batch.tokens.weight.sum().item())
    return [r.id for r in batch.rollouts], batch.tokens.weight.tolist()


@pytest.mark.parametrize("seed", range(40))
def test_every_token_of_those_left_counts_once(seed):
    rng = Random(seed)
    leaves = tree(rng)
    gone = [rng.random() for _ in leaves]
    faults = [x < 0.25 for x in gone]
    learn = tuple(x < 0.75 for x in gone)
    rollouts = [
        rollout(leaf, None if fault else 1.0) for leaf, fault in zip(leaves, faults, strict=True)
    ]
    kept = [leaf for leaf, fault, x in zip(leaves, faults, learn, strict=True) if x and not fault]
    if not kept:
        return
    names, found = weights(Group(task=TASK, rollouts=tuple(rollouts), learn=learn))
    assert names == [name for name, *_ in kept]
    assert found == pytest.approx(by_hand([row for *_, row in kept]))
    distinct = {tuple(row[: k + 1]) for *_, row in kept for k in range(len(row))}
    assert sum(found) == pytest.approx(len(distinct))


@pytest.mark.parametrize("seed", range(10))
def test_a_tree_stays_a_tree_when_it_is_a_guest(seed):
    """Under names of its own, and twice in a batch."""
    leaves = tree(Random(seed))
    rollouts = [rollout(leaf, 1.0) for leaf in leaves]
    hosts = [Group(task=TASK, rollouts=(), ticket=n).joined(rollouts) for n in range(2)]
    assert len({r.id for host in hosts for r in host}) == 2 * len(leaves)
    for host in hosts:
        _, found = weights(host)
        assert found == pytest.approx(by_hand([row for *_, row in leaves]))

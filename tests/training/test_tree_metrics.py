"""What a step with trees of rollouts tells, by hand and by a walk over every token."""

from random import Random

import pytest
from hand_counts import trees
from pyarrow import parquet
from recorded import recorded
from test_metrics import FAULT, step, verdict

from whet.training import glossary
from whet.training.ledger import Ledger
from whet.training.metrics import of_step
from whet.training.tree_metrics import of_trees
from whet.types import Group, Task

TASK = Task(id="t", prompt="?")


def leaf(name, parent="", at=0, length=4, *, forced=0, found=None):
    return recorded(
        task=TASK,
        turns=("?", "!"),
        id=name,
        parent=parent,
        forked_at=at,
        tokens=(0, *[1] * length),
        chosen=(False, *[True] * length),
        behaviour_logp=(-0.5,) * length,
        forced=forced,
        verdict=found or verdict(1.0),
    )


def tree():
    """a: 4 tokens; b forked after 2, c from b after 3, which faulted; d shares nothing."""
    return Group.of(
        [leaf("a"), leaf("b", "a", 2), leaf("c", "b", 3, found=FAULT), leaf("d", length=2)]
    )


def told(*groups):
    return {name: (mean.value, mean.count) for name, mean in of_trees(groups).items()}


def test_a_tree_by_hand():
    """2 + 2 + 1 + 1 + 1 tokens of the tree and 2 of d; laid apart 4 + 4 + 4 + 2."""
    found = told(tree())
    assert found == {
        "tree_leaves": (2, 2),
        "tree_tokens": (9, 1),
        "tree_tokens_apart": (14, 1),
        "tree_saved": (pytest.approx(5 / 14), 14),
    }


def regular(*levels):
    """A tree of (branches, tokens) per level; the first child goes on as its parent."""
    found = []

    def grow(name, parent, at, length, left):
        if not left:
            found.append(leaf(name, parent, at, length))
            return
        (count, tokens), *rest = left
        for n in range(count):
            if n == 0 and length:
                grow(name, parent, at, length + tokens, rest)
            else:
                above = name if length else ""
                grow(f"{name}.{n}/{length}", above, length, length + tokens, rest)

    grow("root", "", 0, 0, levels)
    return Group.of(found)


@pytest.mark.parametrize(
    ("levels", "tokens", "apart"),
    [
        ([(6, 30), (6, 30), (6, 170)], 37_980, 49_680),
        ([(2, 64)] * 4, 1_920, 4_096),
        ([(4, 100), (2, 100), (2, 100)], 2_800, 4_800),
    ],
)
def test_regular_trees(levels, tokens, apart):
    """Levels of b branches with equal segments: b + b² + … segments against the leaves' own."""
    found = told(regular(*levels))
    assert found["tree_tokens"] == (tokens, 1)
    assert found["tree_tokens_apart"] == (apart, 1)
    assert found["tree_saved"][0] == pytest.approx(1 - tokens / apart)
    assert found["tree_leaves"][1] == levels[0][0]  # the prompt's children are trees


def test_without_forks_nothing_is_told():
    assert of_trees([Group.of([leaf("a"), leaf("d")])]) == {}
    assert of_trees([]) == {}


def test_tokens_that_others_chose_are_not_sampled():
    """A hint of one token, which both leaves share."""
    found = told(Group.of([leaf("a", forced=1), leaf("b", "a", 2, forced=1)]))
    assert (found["tree_tokens"], found["tree_tokens_apart"]) == ((5, 1), (6, 1))


def test_a_step_counts_rejected_groups_and_faults():
    """The groups of all tickets are given, whatever is learned from; chains count as trees."""
    chains = Group.of([leaf("x", length=3), leaf("y", length=0)], ticket=1)
    metrics = of_step(step(tree(), chains))
    assert metrics["tree_leaves"].value == 6 / 4
    assert metrics["tree_tokens"].value == 12
    assert metrics["faults"].total == 1
    assert {name for name in metrics if name.startswith("tree_")} == {
        m.name for m in glossary.TREES
    }


@pytest.mark.parametrize("seed", range(20))
def test_every_token_is_walked(seed):
    """Random trees, with leaves that end within others and hints of their roots."""
    rng = Random(seed)
    groups = []
    for g in range(3):
        hint = rng.randrange(2)
        members = [leaf(f"{g}.0", length=rng.randrange(1 + hint, 5), forced=hint)]
        for n in range(1, rng.randrange(2, 7)):
            above = rng.choice(members)
            at = rng.randrange(hint, above.length + 1)
            longer = leaf(f"{g}.{n}", above.id, at, at + rng.randrange(0, 3), forced=hint)
            members.append(
                longer if rng.random() < 0.8 else leaf(f"{g}.{n}", length=2, forced=hint)
            )
        groups.append(Group.of(members, ticket=g))
    if not any(r.parent for group in groups for r in group):
        return
    found = of_trees(groups)
    for name, counted in trees(groups).items():
        assert found[name].value == pytest.approx(counted.value), name
        assert found[name].count == counted.of, name


def test_the_ledger_has_what_a_tree_is_drawn_from(tmp_path):
    path = Ledger(tmp_path).keep("step-000001", 1, [tree()])
    rows = parquet.read_table(path).to_pylist()
    assert [(r["id"], r["parent"], r["forked_at"]) for r in rows] == [
        ("a", "", 0),
        ("b", "a", 2),
        ("c", "b", 3),
        ("d", "", 0),
    ]
    assert rows[2]["score"] is None

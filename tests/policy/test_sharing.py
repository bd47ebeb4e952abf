"""What tokens of a tree weigh, by hand; columns and totals that know it."""

from dataclasses import fields, replace
from types import UnionType
from typing import get_args

import pytest
import torch

from whet.policy.advantages import Centred, LeaveOneOut, Standardised
from whet.policy.aggregation import (
    FixedLength,
    GroupTokenMean,
    SelectedTokenMean,
    SequenceMean,
    SequenceSum,
    TokenMean,
)
from whet.policy.algorithms import load
from whet.policy.ranks import Quantile, Ranked
from whet.policy.selections import External, PolicyTokens, Stale
from whet.policy.sharing import EqualBranches, OncePerLeaf, OncePerRoot, OncePerToken
from whet.testing.draws import draw
from whet.types import AdvantageInputs, Batch, Totals, along, totals
from whet.types.lineage import Parentage

# a: 4 tokens; b forked from a after 2; c forked from b after 3; d is a tree of its own
TREE = Parentage(["a", "b", "c", "d"], ["", "a", "b", ""], [0, 2, 3, 0], [4, 4, 4, 2])


def test_every_token_once_by_hand():
    """Tokens 0 and 1 are in a, b and c, b's third in b and c: nine nodes in all."""
    weight = OncePerToken()(TREE)
    third, half = 1 / 3, 1 / 2
    wanted = [third, third, 1, 1, third, third, half, 1, third, third, half, 1, 1, 1]
    assert weight.tolist() == pytest.approx(wanted)
    assert weight.sum().item() == pytest.approx(2 + 2 + 1 + 1 + 1 + 2)


def test_every_leaf_and_every_root_by_hand():
    assert OncePerLeaf()(TREE).tolist() == [1] * 14
    assert OncePerRoot()(TREE).tolist() == pytest.approx([1 / 3] * 12 + [1] * 2)


def test_equal_branches_by_hand():
    """Behind two shared tokens a and b go on with ½ each, behind b's third b and c with ¼ each."""
    third = [1 / 3, 1 / 3]
    wanted = [*third, 1 / 2, 1 / 2, *third, 1 / 4, 1 / 4, *third, 1 / 4, 1 / 4, 1, 1]
    assert EqualBranches()(TREE).tolist() == pytest.approx(wanted)


def test_equal_branches_of_one_root_share_it():
    """Two leaves fork before their first token; one of three goes on behind another one's end."""
    forked = Parentage(["a", "b", "c"], ["", "a", "b"], [0, 0, 1], [2, 1, 3])
    assert EqualBranches()(forked).tolist() == pytest.approx([0.5, 0.5, 0.25, 0.25, 0.25, 0.25])


SHARINGS = [OncePerToken(), OncePerLeaf(), OncePerRoot(), EqualBranches()]


@pytest.mark.parametrize("sharing", SHARINGS, ids=repr)
def test_without_forks_every_token_weighs_one(sharing):
    assert sharing(Parentage(["a", "b"], ["", ""], [0, 0], [2, 0])).tolist() == [1, 1]
    assert sharing(Parentage([], [], [], [])).tolist() == []


@pytest.mark.parametrize("sharing", [OncePerToken(), OncePerRoot(), EqualBranches()], ids=repr)
def test_the_order_of_leaves_is_irrelevant(sharing):
    back = sharing(Parentage(*(column[::-1] for column in TREE)))
    pieces = back.split(TREE.lengths[::-1])[::-1]
    assert torch.cat(pieces).tolist() == sharing(TREE).tolist()


def test_a_lost_parent_still_names_what_its_forks_share():
    weight = OncePerToken()(Parentage(["b", "c"], ["a", "a"], [2, 1], [3, 2]))
    assert weight.tolist() == [0.5, 1, 1, 0.5, 1]


@pytest.mark.parametrize(
    ("tree", "why"),
    [
        ((["a", "a"], ["", ""], [0, 0], [1, 1]), "same id"),
        ((["a"], ["b"], [3], [2]), "forked at 3"),
        ((["a", "b"], ["b", "a"], [1, 1], [2, 2]), "own ancestor"),
    ],
)
def test_what_is_no_tree_is_refused(tree, why):
    with pytest.raises(ValueError, match=why):
        OncePerToken()(Parentage(*tree))


def two(weight):
    """Rollouts of 2 and 1 tokens."""
    zero = torch.zeros(3, dtype=torch.float64)
    row, group = torch.tensor([0, 0, 1]), torch.tensor([0, 0])
    held = None if weight is None else torch.tensor(weight, dtype=torch.float64)
    return Batch(
        totals=totals(row, group),
        row=row,
        group=group,
        advantage=zero,
        behaviour_logp=zero,
        proximal_logp=zero,
        tree_weight=held,
        external=torch.tensor([True, False, False]),
        version_lag=torch.tensor([0, 0, 1]),
    ).counted()


def test_sizes_are_counts_without_a_tree_and_sums_of_weights_with_one():
    plain = two(None)
    assert plain.totals == Totals(tokens=3, rollouts=2, groups=1)
    assert isinstance(plain.totals.tokens, int)
    assert isinstance(plain.totals.rollouts, int)
    tree = two([0.5, 0.25, 1.0])
    assert tree.totals == Totals(tokens=1.75, rollouts=1.25, groups=1)
    assert tree.group_tokens.tolist() == [1.75, 1.75]
    assert tree.rollout_weight.tolist() == [0.25, 1]
    own = tree.prepared((PolicyTokens(),)).subset(PolicyTokens())
    assert own.totals == Totals(tokens=1.25, rollouts=1.25, groups=1)


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        (TokenMean(), [0.5 / 1.75, 0.25 / 1.75, 1 / 1.75]),
        (SelectedTokenMean(), [0.5 / 1.75, 0.25 / 1.75, 1 / 1.75]),
        (GroupTokenMean(), [0.5 / 1.75, 0.25 / 1.75, 1 / 1.75]),
        (SequenceSum(), [0.5 / 1.25, 0.25 / 1.25, 1 / 1.25]),
        (FixedLength(length=4), [0.5 / 5, 0.25 / 5, 1 / 5]),
        (SequenceMean(), [0.25 * 0.5 / 0.75 / 1.25, 0.25 * 0.25 / 0.75 / 1.25, 1 / 1.25]),
    ],
    ids=lambda x: type(x).__name__,
)
def test_aggregations_of_a_tree_by_hand(part, wanted):
    assert part(two([0.5, 0.25, 1.0])).tolist() == pytest.approx(wanted)


def test_equal_leaves_count_once_in_a_baseline():
    """R = 1, 1 | 0, where the two are leaves of one rollout: the mean is ½, not ⅔."""
    inputs = AdvantageInputs(
        reward=torch.tensor([1.0, 1.0, 0.0]),
        group=torch.zeros(3, dtype=torch.long),
        row=torch.arange(3),
        tree_weight=torch.tensor([0.5, 0.5, 1.0]),
    )
    assert Centred()(inputs).tolist() == [0.5, 0.5, -0.5]
    assert LeaveOneOut()(inputs).tolist() == [1, 1, -1]
    assert Standardised(epsilon=0.0)(inputs).tolist() == pytest.approx([2**-0.5] * 2 + [-(2**-0.5)])
    assert Ranked()(inputs).tolist() == [0.25, 0.25, -0.25]
    assert Quantile(level=0.5)(inputs).tolist() == [1, 1, 0]


def test_who_chose_a_token():
    batch = two(None)
    assert External()(batch).tolist() == [True, False, False]
    assert PolicyTokens()(batch).tolist() == [False, True, True]
    assert batch.current.tolist() == [False, True, False]
    assert replace(batch, version_lag=None).current.tolist() == [False, True, True]
    assert replace(batch, external=None, version_lag=None).current.all()


def test_only_an_earlier_version_is_stale():
    moved = replace(two(None), proximal_logp=torch.ones(3, dtype=torch.float64))
    assert Stale(most=0.5)(moved).tolist() == [False, False, True]
    assert Stale(most=0.5)(replace(moved, version_lag=None)).all()
    assert not Stale(most=2.0)(moved).any()


WIDTHS = {"K": 2, "K1": 3}  # of columns with several numbers a token


def filled(kind):
    """Every tensor column there is, of 3 tokens in 2 rollouts; which rollout each is of."""
    sizes = {"N": torch.tensor([0, 0, 1]), "B": torch.tensor([0, 1])}
    held = {}
    for field in fields(kind):
        arms = get_args(field.type) if isinstance(field.type, UnionType) else (field.type,)
        for arm in arms:
            axis, *further = getattr(arm, "dim_str", "").split() or [""]
            if axis in sizes:
                known = {"Bool": torch.bool, "Int": torch.long}
                dtype = next((d for name, d in known.items() if name in str(arm)), torch.float32)
                column = sizes[axis].to(dtype)
                held[field.name] = (
                    column[:, None].repeat(1, WIDTHS[further[0]]) if further else column
                )
    return held


@pytest.mark.parametrize("kind", [Batch, AdvantageInputs])
def test_no_column_is_forgotten_in_a_slice(kind):
    """Every tensor field is cut with the rollouts, whatever is added to the class."""
    held = filled(kind)
    assert set(held) == {*along("N", kind), *along("B", kind)}
    more = {"totals": Totals(tokens=3, rollouts=2, groups=2)} if kind is Batch else {}
    assert set(held) == {f.name for f in fields(kind) if "Tensor" in str(f.type)}
    second = kind(**held, **more).where(torch.tensor([False, True]))
    for name in held:
        assert len(getattr(second, name)) == 1, name
        assert name == "row" or set(getattr(second, name).flatten().tolist()) == {1}, name


def test_a_batch_without_trees_keeps_its_bits():
    for seed in range(0, 20, 2):
        batch = draw(seed).batch
        for name in ("grpo", "dapo", "reinforce", "dr_grpo"):
            part = load(name).aggregation
            ones = replace(batch, tree_weight=torch.ones_like(batch.advantage)).counted()
            assert part(batch).tolist() == part(ones).tolist()

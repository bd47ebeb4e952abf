"""Nodes of trees, against the sets of rows that begin alike."""

from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from policy.grown import grown, inputs_of, rows

from whet.policy.node_tree import ByChildren, ByLeaves, NodeTree
from whet.policy.nodes import TreeNode, nodes, numbered
from whet.policy.sharing import InverseSqrt, OncePerToken
from whet.types import AdvantageInputs
from whet.types.lineage import Parentage


def sharers(found):
    """For each token of each row, the rows that begin with the same tokens."""
    return [
        frozenset(j for j, other in enumerate(found) if other[: k + 1] == row[: k + 1])
        for row in found
        for k in range(len(row))
    ]


@given(st.integers(0, 2**31))
@settings(max_examples=60)
def test_two_tokens_are_in_one_node_where_the_same_leaves_have_them(seed):
    """No two tokens of a tree are alike, so rows that begin alike share those tokens."""
    each = rows(grown(Random(seed)))
    ids, parents, places, tokens, _ = (list(x) for x in zip(*each, strict=True))
    family = Parentage(ids, parents, places, [len(t) for t in tokens])
    number = numbered(nodes(family)).tolist()
    wanted = sharers(tokens)
    assert len(number) == len(wanted)
    assert len(set(number)) == len(set(wanted)) == len(set(zip(number, wanted, strict=True)))
    weight = OncePerToken()(family)
    assert weight.sum().item() == pytest.approx(len({x for t in tokens for x in t}))
    roots = InverseSqrt()(family)
    assert roots.tolist() == pytest.approx([len(x) ** -0.5 for x in wanted])


def test_nodes_by_hand():
    """a: 4 tokens; b forked from a after 2; c from b after 3, where b ends; d shares nothing."""
    ids, parents = ["a", "b", "c", "d"], ["", "a", "b", ""]
    found = nodes(Parentage(ids, parents, [0, 2, 3, 0], [4, 3, 4, 1]))
    first, second = TreeNode("a", 0, 2), TreeNode("b", 2, 3)
    assert found == [
        [first, TreeNode("a", 2, 4)],
        [first, second],
        [first, second, TreeNode("c", 3, 4)],
        [TreeNode("d", 0, 1)],
    ]
    assert numbered(found).tolist() == [0, 0, 1, 1, 0, 0, 2, 0, 0, 2, 3, 4]
    assert numbered([]).tolist() == numbered([[]]).tolist() == []


def test_what_shares_no_token_is_no_fork():
    """One is forked before its parent's first token, the other shares all its tokens."""
    found = nodes(Parentage(["a", "b", "c"], ["", "a", "a"], [0, 0, 2], [2, 2, 2]))
    assert found == [[TreeNode("a", 0, 2)], [TreeNode("b", 0, 2)], [TreeNode("a", 0, 2)]]


def test_a_missing_parent_still_names_what_its_forks_share():
    found = nodes(Parentage(["b", "c"], ["a", "a"], [2, 1], [3, 2]))
    shared = TreeNode("a", 0, 1)
    assert found == [
        [shared, TreeNode("a", 1, 2), TreeNode("b", 2, 3)],
        [shared, TreeNode("c", 1, 2)],
    ]


def hand_tree():
    """Leaves 0 and 1 share two tokens, leaf 2 ends within them, 3 is alone, 4 has no tokens."""
    return AdvantageInputs(
        reward=torch.tensor([1.0, 0.0, 0.5, 1.0, 0.0]),
        group=torch.tensor([0, 0, 0, 0, 0]),
        row=torch.tensor([0, 0, 1, 1, 2, 3]),
        node=torch.tensor([0, 1, 0, 2, 0, 3]),
    )


def test_a_tree_and_its_values_by_hand():
    tree = NodeTree.of_inputs(hand_tree())
    assert tree.roots == 1
    assert tree.of.tolist() == [1, 2, 1, 3, 1, 4]
    assert tree.parent.tolist() == [0, 0, 1, 1, 0, 1, 0]  # leaves 2 and 4 have nodes of their own
    assert tree.leaf.tolist() == [2, 3, 5, 4, 6]
    assert tree.top.tolist() == [1, 1, 1, 4, 6]
    reward = hand_tree().reward
    assert ByLeaves()(tree, reward).tolist() == [0.5, 0.5, 1, 0, 1, 0.5, 0]
    assert ByChildren()(tree, reward).tolist() == [0.5, 0.5, 1, 0, 1, 0.5, 0]


def test_by_leaves_and_by_children_differ_where_a_tree_is_unbalanced():
    """Two leaves 1, 0 | one leaf 1: by leaves ⅔, by children ¾."""
    tree = NodeTree.of_inputs(
        AdvantageInputs(
            reward=torch.tensor([1.0, 0.0, 1.0], dtype=torch.float64),
            group=torch.zeros(3, dtype=torch.long),
            row=torch.tensor([0, 0, 1, 1, 2]),
            node=torch.tensor([0, 1, 0, 2, 3]),
        )
    )
    reward = torch.tensor([1.0, 0.0, 1.0], dtype=torch.float64)
    assert ByLeaves()(tree, reward)[0].item() == pytest.approx(2 / 3)
    assert ByChildren()(tree, reward)[0].item() == 3 / 4


@given(st.integers(0, 2**31))
@settings(max_examples=40)
def test_what_is_left_of_a_tree_is_the_tree_of_what_is_left(seed):
    """Rows are dropped: numbers may stay apart, but the nodes are those of the rest alone."""
    rng = Random(seed)
    whole = inputs_of(grown(rng), grown(rng))
    keep = torch.tensor([rng.random() < 0.6 for _ in whole.group])
    keep[rng.randrange(len(keep))] = True
    left = whole.where(keep)
    assert left.node is not None
    tree = NodeTree.of_inputs(left)
    tokens = [left.node[left.row == i].tolist() for i in range(len(left.group))]
    wanted = sharers(tokens)  # a path of numbers names a prefix, as tokens do
    assert len(set(tree.of.tolist())) == len(set(wanted))
    assert len(set(zip(tree.of.tolist(), wanted, strict=True))) == len(set(wanted))
    parents = tree.parent.tolist()
    assert all(parent <= node for node, parent in enumerate(parents))
    assert sum(parents[node] == node for node in range(len(parents))) == tree.roots


def test_without_nodes_every_rollout_is_a_tree():
    inputs = AdvantageInputs(
        reward=torch.tensor([1.0, 0.0]), group=torch.tensor([7, 7]), row=torch.tensor([0, 0, 1])
    )
    tree = NodeTree.of_inputs(inputs)
    assert tree.of.tolist() == [1, 1, 2]
    assert tree.parent.tolist() == [0, 0, 0]
    assert tree.leaf.tolist() == tree.top.tolist() == [1, 2]

"""Trees of rollouts: the published rules on one small tree."""

import pytest

from whet.rewards.dense.trees import (
    crowd,
    edges,
    leave_one_out,
    local_and_global,
    mean_values,
    siblings,
    subtrees,
    twice_normalised,
)

LEAVES = [1.0, 0.0, 0.0, 0.0]
PATHS = [("root", "A"), ("root", "A"), ("root", "B"), ("root", "B")]


def test_values_are_means_of_leaves():
    assert mean_values(LEAVES, PATHS) == {"root": 0.25, "A": 0.5, "B": 0.0}


def test_treerpo_compares_siblings():
    assert siblings([0.5, 0.0]) == pytest.approx([1, -1])
    assert siblings([0.5, 0.5]) == [0, 0]


def test_treerl_by_hand():
    third = 1 / 3
    assert leave_one_out(LEAVES) == pytest.approx([1, -third, -third, -third])
    nodes, leaves = local_and_global(LEAVES, PATHS)
    assert nodes == pytest.approx({"A": 2 * third, "B": -2 * third})
    assert leaves[:2] == pytest.approx([5 / 3, -1.0])
    assert crowd(nodes["A"], 2) == pytest.approx(0.4714, abs=1e-4)
    assert leave_one_out([3.0]) == [0]


def test_treepo_by_hand():
    assert subtrees(LEAVES, PATHS) == pytest.approx([0.625, -0.375, -0.125, -0.125])
    alone = [("root", "A"), ("root", "B")]
    assert subtrees([1.0, 0.0], alone) == pytest.approx([0.5, -0.5])


def test_spo_tree_by_hand():
    values = {"root": 0.25, "A": 0.5, "B": 0.0}
    plain, spread = edges(values, {"A": "root", "B": "root"})
    assert plain == {"A": 0.25, "B": -0.25}
    assert spread == pytest.approx({"A": 1, "B": -1})
    assert edges({"r": 1.0, "a": 1.0}, {"a": "r"})[1] == {"a": 0}


def test_tree_grpo_normalises_twice_and_leaves_a_lone_one_alone():
    found = twice_normalised([1.0, 0.0, 0.0, 0.0], ["s", "s", "t", "t"])
    half = 0.5**0.5
    assert found == pytest.approx([half, -half, 0, 0], abs=1e-5)
    assert twice_normalised([0.7], ["s"]) == [0.7]
    assert twice_normalised([1.0, 0.0], ["s", "t"]) == pytest.approx([half, -half], abs=1e-5)

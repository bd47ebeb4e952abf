"""Advantages of trees: numbers by hand, and recursion over nested lists."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import exp
from random import Random
from statistics import mean, pstdev, stdev

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from policy.grown import Grown, grown, inputs_of

from whet.policy.advantages import Centred, Standardised, Whitened
from whet.policy.algorithms import load
from whet.policy.inspection import errors, warnings
from whet.policy.node_tree import ByLeaves
from whet.policy.sharing import InverseSqrt, OncePerLeaf, OncePerToken
from whet.policy.tree_advantages import (
    AcrossAndWithinTrees,
    GainDamped,
    LocalAndGlobal,
    Siblings,
    SubtreeMean,
    SubtreeSizeMean,
    TwiceStandardised,
)
from whet.types import AdvantageInputs, RunSpec

EXACT = 0.0  # epsilon
EVERY = [
    Siblings(inner=Standardised(ddof=0)),
    Siblings(inner=Centred()),
    Siblings(inner=Centred(), value=ByLeaves()),
    LocalAndGlobal(),
    SubtreeMean(),
    SubtreeSizeMean(),
    AcrossAndWithinTrees(),
    TwiceStandardised(),
    GainDamped(),
]


def table(reward: list[float]) -> AdvantageInputs:
    """Two prefixes A and B of one token, with two leaves of one token each: A1 A2 | B3 B4."""
    return AdvantageInputs(
        reward=torch.tensor(reward, dtype=torch.float64),
        group=torch.zeros(4, dtype=torch.long),
        row=torch.tensor([0, 0, 1, 1, 2, 2, 3, 3]),
        node=torch.tensor([0, 1, 0, 2, 3, 4, 3, 5]),
    )


LEAVES = [1.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("advantage", "wanted"),  # of A, leaf 1, leaf 2, B, leaves 3 and 4
    [
        (Standardised(epsilon=EXACT, ddof=0), [1.732, 1.732, -0.577, -0.577, -0.577]),
        (Siblings(inner=Centred()), [0.25, 0.5, -0.5, -0.25, 0.0]),
        (Siblings(inner=Standardised(epsilon=EXACT, ddof=0)), [1.0, 1.0, -1.0, -1.0, 0.0]),
        (LocalAndGlobal(), [0.667, 1.667, -1.0, -0.667, -0.333]),
        (SubtreeMean(), [0.625, 0.625, -0.375, -0.125, -0.125]),
        (SubtreeSizeMean(), [4 / 6, 4 / 6, -2 / 6, -1 / 6, -1 / 6]),
    ],
    ids=lambda x: type(x).__name__,
)
def test_the_leaves_1_0_and_0_0(advantage, wanted):
    """Of TreeRL before roots and μ: μ is the mean over all tokens, here 0, as is V of the root."""
    found = advantage(table(LEAVES)).tolist()
    prefix, first, second, other, rest = wanted
    assert found[0] == pytest.approx(prefix, abs=5e-4)
    assert [found[1], found[3]] == pytest.approx([first, second], abs=5e-4)
    assert found[4] == found[6] == pytest.approx(other, abs=5e-4)
    assert found[5] == found[7] == pytest.approx(rest, abs=5e-4)


def test_leave_one_out_leaves():
    """1 against 0, 0, 0 is 1; each 0 is against a mean of ⅓: so V(A) = ⅓, V(B) = −⅓."""
    found = LocalAndGlobal()(table(LEAVES)).tolist()
    value_a, value_b = (1 - 1 / 3) / 2, -1 / 3
    assert found[0] == pytest.approx(2 * value_a)  # (⅓ − 0) + ⅓
    assert found[1] == pytest.approx((1 - value_a) + 1)
    assert found[3] == pytest.approx((-1 / 3 - value_a) - 1 / 3)
    assert found[4] == pytest.approx(2 * value_b)


def test_the_mean_of_treerl_is_over_tokens():
    """A longer first leaf moves μ: V of the tokens is 1 three times, ⅓ twice, −⅓ five times."""
    longer = replace(
        table(LEAVES),
        row=torch.tensor([0, 0, 0, 0, 1, 1, 2, 2, 3, 3]),
        node=torch.tensor([0, 1, 1, 1, 0, 2, 3, 4, 3, 5]),
    )
    mu = (3 * 1 + 2 / 3 - 5 / 3) / 10
    found = LocalAndGlobal()(longer).tolist()
    assert found[1] == pytest.approx(2 / 3 + 1 - mu)
    assert found[0] == pytest.approx(1 / 3 + 1 / 3 - mu)


def test_treepo_whitens_over_all_tokens():
    advantage = load("treepo").advantage
    assert advantage == Whitened(inner=SubtreeMean())
    plain = torch.tensor([0.625] * 2 + [-0.375] * 2 + [-0.125] * 4, dtype=torch.float64)
    wanted = (plain - plain.mean()) / plain.std()
    torch.testing.assert_close(advantage(table(LEAVES)), wanted, atol=1e-6, rtol=1e-6)


def test_fr3e_by_hand():
    """A improves from ¼ to ½: its leaves are damped; B gets worse: they are emphasised."""
    found = GainDamped(epsilon=EXACT)(table(LEAVES)).tolist()
    deviation = stdev(LEAVES)
    up, down = 0.75 / deviation, -0.25 / deviation
    assert found[0] == pytest.approx(up)  # nothing is before the root
    assert found[1] == pytest.approx(up * exp(-0.25))
    assert found[3] == pytest.approx(down * exp(-0.25))
    assert found[5] == found[7] == pytest.approx(down * exp(0.25))


def test_tree_grpo_by_hand():
    """Leaves 1, 0 | 0, 0 of two trees: the second tree has a term of the group alone."""
    within = [0.5 / 0.5**0.5, -0.5 / 0.5**0.5, 0.0, 0.0]
    across = [0.75 / 0.5, -0.25 / 0.5, -0.25 / 0.5, -0.25 / 0.5]
    found = AcrossAndWithinTrees(epsilon=EXACT)(table(LEAVES)).tolist()[::2]
    assert found == pytest.approx([a + b for a, b in zip(within, across, strict=True)])
    twice = TwiceStandardised(epsilon=EXACT)(table(LEAVES)).tolist()[::2]
    assert twice == pytest.approx(within)


def test_a_lone_leaf_of_a_tree_is_compared_in_its_group_alone():
    """1, 0 in a tree, and 1 alone: its z-score in the group is (1 − ⅔) / std(1, 0, 1)."""
    inputs = AdvantageInputs(
        reward=torch.tensor([1.0, 0.0, 1.0], dtype=torch.float64),
        group=torch.zeros(3, dtype=torch.long),
        row=torch.tensor([0, 0, 1, 1, 2]),
        node=torch.tensor([0, 1, 0, 2, 3]),
    )
    lone = (1 / 3) / stdev([1, 0, 1])
    for advantage in (AcrossAndWithinTrees(epsilon=EXACT), TwiceStandardised(epsilon=EXACT)):
        assert advantage(inputs)[-1].item() == pytest.approx(lone)


Path = list[Grown]
Reference = Callable[[Grown, Path], Iterator[float]]
"""The advantage of the tokens of each node of a path, the root left out."""


def by_children(node: Grown) -> float:
    return mean(map(by_children, node.children)) if node.children else node.reward


def by_leaves(node: Grown) -> float:
    return mean(leaf.reward for leaf in node.leaves())


def z(x: float, among: list[float], deviation=stdev) -> float:
    """0 among equal values; a lone value has no deviation."""
    return 0.0 if max(among) == min(among) else (x - mean(among)) / deviation(among)


def edges(root: Grown, path: Path) -> Iterator[float]:
    for parent, node in zip(path, path[1:], strict=False):
        yield by_children(node) - by_children(parent)


def siblings(root: Grown, path: Path) -> Iterator[float]:
    for parent, node in zip(path, path[1:], strict=False):
        yield z(by_children(node), [by_children(c) for c in parent.children], pstdev)


def step_rewards(root: Grown, path: Path) -> Iterator[float]:
    leaves = root.leaves()
    total, rest = sum(x.reward for x in leaves), max(len(leaves) - 1, 1)
    loo = {id(x): x.reward - (total - x.reward) / rest for x in leaves}
    value = {id(n): mean(loo[id(x)] for x in n.leaves()) for p in paths(root) for n in p}
    tokens = [value[id(node)] for p in paths(root) for node in p for _ in node.tokens]
    for parent, node in zip(path, path[1:], strict=False):
        yield 2 * value[id(node)] - value[id(parent)] - (mean(tokens) if tokens else 0.0)


def ancestors(root: Grown, path: Path, weigh: Callable[[int], float]) -> Iterator[float]:
    apart = [(weigh(len(a.leaves())), path[-1].reward - by_leaves(a)) for a in path[:-1]]
    found = sum(w * x for w, x in apart) / sum(w for w, _ in apart)
    yield from [found] * (len(path) - 1)


def both_scores(root: Grown, path: Path) -> Iterator[float]:
    own, mine = path[-1].reward, [leaf.reward for leaf in path[1].leaves()]
    found = z(own, [x.reward for x in root.leaves()]) + (z(own, mine) if len(mine) > 1 else 0.0)
    yield from [found] * (len(path) - 1)


def twice(root: Grown, path: Path) -> Iterator[float]:
    every = [x.reward for x in root.leaves()]
    mine = [z(leaf.reward, every) for leaf in path[1].leaves()]
    once = z(path[-1].reward, every)
    yield from [z(once, mine) if len(mine) > 1 else once] * (len(path) - 1)


def damped(root: Grown, path: Path) -> Iterator[float]:
    score = z(path[-1].reward, [x.reward for x in root.leaves()])
    for k in range(len(path) - 1):
        gain = by_leaves(path[k]) - by_leaves(path[k - 1]) if k else 0.0
        yield score * exp(-gain)


REFERENCES: list[tuple[object, Reference]] = [
    (Siblings(inner=Centred()), edges),
    (Siblings(inner=Standardised(epsilon=EXACT, ddof=0)), siblings),
    (LocalAndGlobal(), step_rewards),
    (SubtreeMean(), lambda root, path: ancestors(root, path, lambda n: 1)),
    (SubtreeSizeMean(), lambda root, path: ancestors(root, path, lambda n: n)),
    (AcrossAndWithinTrees(epsilon=EXACT), both_scores),
    (TwiceStandardised(epsilon=EXACT), twice),
    (GainDamped(epsilon=EXACT), damped),
]


def paths(root: Grown) -> Iterator[Path]:
    """Root to leaf, in the order of the rollouts."""
    if not root.children:
        yield [root]
    for child in root.children:
        yield from ([root, *path] for path in paths(child))


@pytest.mark.parametrize(
    ("advantage", "reference"), REFERENCES, ids=[type(a).__name__ for a, _ in REFERENCES]
)
@given(seed=st.integers(0, 2**31))
@settings(max_examples=25)
def test_it_is_what_recursion_over_nested_lists_says(advantage, reference, seed):
    rng = Random(seed)
    roots = [grown(rng), grown(rng)]
    wanted = [
        value
        for root in roots
        for path in paths(root)
        for node, value in zip(path[1:], reference(root, path), strict=True)
        for _ in node.tokens
    ]
    found = advantage(inputs_of(*roots))
    assert found.tolist() == pytest.approx(wanted, abs=1e-9)


@given(seed=st.integers(0, 2**31))
@settings(max_examples=25)
def test_the_edges_of_a_path_add_up_to_what_the_leaf_earned_above_the_root(seed):
    """R = V(root) + Σ edges, where no leaf lacks a token; and each distinct token counts once."""
    root = grown(Random(seed))
    inputs = inputs_of(root)
    assert inputs.node is not None
    edge = Siblings(inner=Centred())(inputs)
    for row, path in enumerate(paths(root)):
        if all(node.tokens for node in path[1:]):
            mine = inputs.row == row
            first = {
                n: e for n, e in zip(inputs.node[mine].tolist(), edge[mine].tolist(), strict=True)
            }
            assert by_children(root) + sum(first.values()) == pytest.approx(path[-1].reward)


def test_spo_telescopes_by_hand():
    found = Siblings(inner=Centred())(table(LEAVES)).tolist()
    assert 0.25 + found[0] + found[1] == 1  # ¼ + ¼ + ½


@pytest.mark.parametrize("advantage", EVERY, ids=lambda a: type(a).__name__)
@given(seed=st.integers(0, 2**31))
@settings(max_examples=8)
def test_equal_leaves_and_equal_subtrees_have_exactly_nothing(advantage, seed):
    """And a shift of all rewards changes nothing; in float32, too."""
    inputs = inputs_of(grown(Random(seed)))
    for dtype in (torch.float64, torch.float32):
        equal = replace(inputs, reward=torch.full_like(inputs.reward, 0.1, dtype=dtype))
        assert advantage(equal).tolist() == [0.0] * len(inputs.row)
    shifted = advantage(replace(inputs, reward=inputs.reward + 8))
    torch.testing.assert_close(shifted, advantage(inputs), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("advantage", EVERY, ids=lambda a: type(a).__name__)
def test_without_forks_it_compares_rollouts(advantage):
    """Chains are leaves under the prompt: two groups, one of a single rollout."""
    inputs = AdvantageInputs(
        reward=torch.tensor([1.0, 0.0, 1.0, 1.0], dtype=torch.float64),
        group=torch.tensor([0, 0, 0, 1]),
        row=torch.tensor([0, 0, 1, 2, 3]),
        segment=torch.zeros(5, dtype=torch.long),
        state=torch.tensor([0, 0, 0, 0, 1]),
    )
    found = advantage(inputs).tolist()
    assert found[0] == found[1] == found[3] > 0 > found[2]
    assert found[4] == 0


def test_a_leaf_without_a_token_counts_in_the_values():
    """Three leaves after one token: 1, 0, and 0.5 of the leaf that ends there."""
    inputs = AdvantageInputs(
        reward=torch.tensor([1.0, 0.0, 0.5, 0.0], dtype=torch.float64),
        group=torch.zeros(4, dtype=torch.long),
        row=torch.tensor([0, 0, 1, 1, 2, 3]),
        node=torch.tensor([0, 1, 0, 2, 0, 3]),
    )
    assert Siblings(inner=Centred())(inputs).tolist() == [0.25, 0.5, 0.25, -0.5, 0.25, -0.25]


def test_spo_tree_on_tokens_and_on_turns():
    """The same tree, as nodes of tokens and as turns that answer the same states."""
    advantage = load("spo_tree").advantage
    turns = replace(
        table([1.0, 0.0, 1.0, 1.0]),
        node=None,
        correct=torch.ones(4, dtype=torch.bool),  # of rollouts, of which each has two turns
        segment=torch.tensor([0, 1, 0, 1, 0, 1, 0, 1]),
        state=torch.tensor([7, 8, 7, 8, 7, 9, 7, 9]),
    )
    tokens = advantage(table([1.0, 0.0, 1.0, 1.0]))
    assert (
        tokens.tolist() == advantage(turns).tolist() == [-0.25, 0.5, -0.25, -0.5, 0.25, 0, 0.25, 0]
    )


PUBLISHED = {
    "treerl": (LocalAndGlobal(), InverseSqrt()),
    "treepo": (Whitened(inner=SubtreeMean()), OncePerLeaf()),
    "treerpo": (Siblings(inner=Standardised(ddof=0)), OncePerToken()),
    "tree_grpo": (AcrossAndWithinTrees(), OncePerLeaf()),
    "fr3e": (GainDamped(), OncePerToken()),
    "spo_tree": (Siblings(inner=Centred()), OncePerToken()),
    "arpo": (Standardised(), OncePerLeaf()),
}
HERE = RunSpec(samples=8, max_new_tokens=512, steps=100, minibatches=2)
CHAINS = replace(HERE, forks=False, several_turns=False)


@pytest.mark.parametrize("name", PUBLISHED)
def test_their_parts(name):
    objective = load(name)
    assert (objective.advantage, objective.sharing) == PUBLISHED[name]


@pytest.mark.parametrize("name", PUBLISHED)
def test_without_any_fork_the_run_is_refused_or_warned_of(name):
    objective = load(name)
    assert errors(objective, HERE) == warnings(objective, HERE) == []
    if name == "arpo":  # it is GRPO then
        [said] = warnings(objective, CHAINS)
        assert errors(objective, CHAINS) == []
    else:
        [said] = errors(objective, CHAINS)
    assert "sampling.shape" in said
    assert "\n" not in said


@pytest.mark.parametrize("name", PUBLISHED)
def test_an_environment_may_fork_rollouts(name):
    """That is not known before the run; turns can be compared without a fork."""
    perhaps = replace(HERE, forks=False)
    assert errors(load(name), perhaps) == []
    silent = {"arpo", "spo_tree", "treerpo"}
    assert bool(warnings(load(name), perhaps)) == (name not in silent)

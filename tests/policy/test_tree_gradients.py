"""The expected gradient of a tree, by all trees that a policy of two tokens can sample.

Replies have two tokens of 0 or 1, so the policy has three states. The policy gradient is the sum
over the four replies, level by level, without any tree.
"""

from itertools import product
from math import exp

import pytest
import torch

from whet.policy.advantages import Centred
from whet.policy.node_tree import ByLeaves
from whet.policy.nodes import nodes, numbered
from whet.policy.sharing import EqualBranches, OncePerLeaf, OncePerRoot, OncePerToken
from whet.policy.tree_advantages import LocalAndGlobal, Siblings, SubtreeMean, SubtreeSizeMean
from whet.types import AdvantageInputs
from whet.types.lineage import Parentage

ONE = {(): 0.3, (0,): 0.6, (1,): 0.8}  # probability of token 1 in each state
REWARD = {(0, 0): 0.25, (0, 1): 1.0, (1, 0): 0.5, (1, 1): 0.0}
STATES = list(ONE)
EDGE = Siblings(inner=Centred())
LEVELS = ([0], [1, 2])  # numbers of the states of each level


def chance(state, token):
    return ONE[state] if token else 1 - ONE[state]


def slope(state, token):
    """∂ log π(token) / ∂ logit of token 1 in its state."""
    return token - ONE[state]


def policy_gradient():
    found = [0.0] * 3
    for (a, b), reward in REWARD.items():
        p = chance((), a) * chance((a,), b)
        found[0] += p * reward * slope((), a)
        found[STATES.index((a,))] += p * reward * slope((a,), b)
    return found


def test_the_policy_gradient_is_the_difference_quotient_of_the_expected_reward():
    def expected(logits):
        one = [1 / (1 + exp(-x)) for x in logits]
        p = [[1 - x, x] for x in one]
        return sum(p[0][a] * p[1 + a][b] * reward for (a, b), reward in REWARD.items())

    logits = [torch.logit(torch.tensor(p, dtype=torch.float64)).item() for p in ONE.values()]
    for n, wanted in enumerate(policy_gradient()):
        up, down = ([x + h * (k == n) for k, x in enumerate(logits)] for h in (1e-5, -1e-5))
        assert (expected(up) - expected(down)) / 2e-5 == pytest.approx(wanted, abs=1e-8)


def expected_gradient(advantage, sharing):
    """Of the tree with branches 2, 2, a token each, summed over its 2^6 outcomes."""
    family = Parentage(list("abcd"), ["", "a", "a", "c"], [0, 1, 0, 1], [2] * 4)
    weight = sharing(family).tolist()
    node = numbered(nodes(family))
    found = [0.0] * 3
    for first, second, *last in product((0, 1), repeat=6):
        replies = list(zip([first, first, second, second], last, strict=True))
        p = chance((), first) * chance((), second)
        for a, b in replies:
            p *= chance((a,), b)
        inputs = AdvantageInputs(
            reward=torch.tensor([REWARD[reply] for reply in replies], dtype=torch.float64),
            group=torch.zeros(4, dtype=torch.long),
            row=torch.arange(4).repeat_interleave(2),
            node=node,
        )
        each = [p * v * x for v, x in zip(weight, advantage(inputs).tolist(), strict=True)]
        for n, (a, b) in enumerate(replies):
            found[0] += each[2 * n] * slope((), a)
            found[STATES.index((a,))] += each[2 * n + 1] * slope((a,), b)
    return found


@pytest.mark.parametrize(
    ("advantage", "sharing", "first", "second"),
    [
        (EDGE, OncePerRoot(), 0.5, 0.5),  # 1 − 1/b: the policy gradient
        (EDGE, EqualBranches(), 0.5, 0.5),
        (EDGE, OncePerLeaf(), 2, 2),  # times 4 leaves
        (EDGE, OncePerToken(), 1, 2),  # times the nodes of the level, 2 and 4
        (Siblings(inner=Centred(), value=ByLeaves()), OncePerRoot(), 0.5, 0.5),
        # A leaf above the mean of all four: 1 − ½ of the own first token, 1 − ¼ of the second.
        (Centred(), OncePerRoot(), 1 / 2, 3 / 4),
        # TreePO: means of ½ and 0, and of ¾ and ½, for the root and for the prefix …
        (SubtreeMean(), OncePerRoot(), 1 / 4, 5 / 8),
        # … and weighed by 4 and 2 leaves.
        (SubtreeSizeMean(), OncePerRoot(), 1 / 3, 2 / 3),
        # TreeRL: (½ + ½) and (½ + ¾) of leave-one-out rewards, which are 4/3 of R less its mean.
        (LocalAndGlobal(), OncePerRoot(), 4 / 3, 5 / 3),
    ],
    ids=lambda x: type(x).__name__ if not isinstance(x, float | int) else f"{x:.3g}",
)
def test_each_level_has_its_factor_of_the_policy_gradient(advantage, sharing, first, second):
    found, wanted = expected_gradient(advantage, sharing), policy_gradient()
    for level, factor in zip(LEVELS, (first, second), strict=True):
        for n in level:
            assert found[n] == pytest.approx(factor * wanted[n])


ENDS = {(0,): 0.7, (1, 0): 0.2, (1, 1): 1.0}  # rewards of replies, of which token 0 is an end


def gradient_where_paths_end_early(sharing):
    """Of the tree with branches 2, 2 for replies that end with their first 0 or second token."""
    found = [0.0, 0.0]  # logits of the states () and (1,)
    for first in product((0, 1), repeat=2):
        places = [(k, j) for k, token in enumerate(first) for j in range(1 + token)]
        for last in product((0, 1), repeat=2 * sum(first)):
            tokens, rest = [], iter(last)
            for k, _ in places:
                tokens.append((1, next(rest)) if first[k] else (0,))
            p = chance((), first[0]) * chance((), first[1])
            for reply in tokens:
                p *= chance((1,), reply[1]) if len(reply) == 2 else 1
            found = [
                x + p * y for x, y in zip(found, estimate(places, tokens, sharing), strict=True)
            ]
    return found


def estimate(places, tokens, sharing):
    """Σ v Â ∇ log π of one tree; the first leaf is the root of the others."""
    ids = [f"{k}.{j}" for k, j in places]
    parents = ["", *(f"{k}.0" if j else ids[0] for k, j in places[1:])]
    family = Parentage(ids, parents, [j for _, j in places], [len(x) for x in tokens])
    lengths = torch.tensor(family.lengths)
    inputs = AdvantageInputs(
        reward=torch.tensor([ENDS[x] for x in tokens], dtype=torch.float64),
        group=torch.zeros(len(ids), dtype=torch.long),
        row=torch.arange(len(ids)).repeat_interleave(lengths),
        node=numbered(nodes(family)),
    )
    each = iter((sharing(family) * EDGE(inputs)).tolist())
    found = [0.0, 0.0]
    for reply in tokens:
        for depth, token in enumerate(reply):
            found[depth] += next(each) * slope((1,) if depth else (), token)
    return found


def test_equal_branches_are_unbiased_where_paths_end_early():
    """½ of the policy gradient at both levels, as in full trees; weights by leaves are not."""
    wanted = [0.0, 0.0]
    for reply, reward in ENDS.items():
        p = chance((), reply[0]) * (chance((1,), reply[1]) if reply[0] else 1)
        wanted[0] += p * reward * slope((), reply[0])
        wanted[1] += p * reward * slope((1,), reply[1]) if reply[0] else 0
    found = gradient_where_paths_end_early(EqualBranches())
    assert found == pytest.approx([x / 2 for x in wanted])
    by_leaves = gradient_where_paths_end_early(OncePerRoot())
    ratios = [x / y for x, y in zip(by_leaves, wanted, strict=True)]
    assert abs(ratios[0] - ratios[1]) > 0.05

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
from whet.policy.sharing import OncePerLeaf, OncePerRoot, OncePerToken
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

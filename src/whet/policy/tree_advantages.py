"""Advantages of trees of rollouts: nodes that begin in the same state are compared.

A tree tells how good a prefix is without a critic: the value V of a node is a mean over the leaves
below it. Leaves without a score are left out, and so are the forks that only they had.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from whet.policy.advantages import Centred, Standardised
from whet.policy.arithmetic import (
    alike,
    bounded,
    centred_within,
    count_within,
    difference,
    mean_within,
    steps,
    sum_within,
)
from whet.policy.domains import AT_LEAST_0, check
from whet.policy.node_tree import ByChildren, ByLeaves, NodeTree, NodeValue, above_group
from whet.protocols.algorithm import Advantage
from whet.types import AdvantageInputs, Need, RunSpec

_NODES = "nodes of a tree are compared, not rollouts"
_LEAVES = "every leaf is a sample of its own"


class TreeAdvantage(Advantage, ABC):
    """Base class of advantages that need rollouts with common first tokens."""

    __slots__ = ()

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    def run_error(self, spec: RunSpec) -> str:
        """Why it cannot work: no rollout of the run ever forks."""
        if spec.forks or spec.several_turns:
            return ""
        return (
            f"{type(self).__name__} compares rollouts that share their first tokens, but "
            "sampling.shape is chains; choose a shape that forks"
        )

    def run_warning(self, spec: RunSpec) -> str:
        """A warning where only the environment could fork rollouts."""
        if spec.forks or not spec.several_turns:
            return ""
        return (
            f"{type(self).__name__} compares rollouts that share their first tokens, but "
            "sampling.shape is chains; they do only if the environment forks them"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Siblings(TreeAdvantage):
    """Nodes after the same prefix, compared by their values.

    Â_n = inner(V(node of n)) among the children of the node's parent

    With `Centred` it is V(node) − mean of its siblings; V of the parent is that mean if V is by
    children, so the advantages of a path add up to R − V(root). `Standardised` divides by the
    siblings' deviation. Siblings of equal value have advantage 0.

    Without forks the turns of a conversation are the nodes. Turns are siblings where they answer
    the same state. V(turn) is the mean of R over the rollouts of the group through the state after
    it, and a turn that several rollouts share counts once for each.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP, Need.STATES, Need.SEGMENTS})
    per_token: ClassVar[bool] = True
    why_uncentred: ClassVar[str] = _NODES

    inner: Centred | Standardised = Standardised()
    value: NodeValue = ByChildren()

    def run_warning(self, spec: RunSpec) -> str:
        """No warning: turns can be compared as well."""
        del spec
        return ""

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        if inputs.node is None:
            return self._of_turns(inputs)
        tree = NodeTree.of_inputs(inputs)
        value = self.value(tree, above_group(inputs)).to(inputs.reward)
        nodes = AdvantageInputs(
            reward=value[tree.roots :], group=tree.parent[tree.roots :], row=tree.of - tree.roots
        )
        return self.inner(nodes)

    def _of_turns(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        if inputs.segment is None or inputs.state is None:
            raise ValueError("Siblings needs inputs.segment and inputs.state: sample trees")
        step = steps(inputs.row, inputs.segment)
        reward = inputs.reward[step.row]
        node = alike(inputs.group[step.row], inputs.state[step.first])
        weight = inputs.rollout_weight
        held = None if weight is None else weight[step.row]
        through = mean_within(reward.double(), node, held).to(reward)
        after = torch.where(step.last, reward, through.roll(-1))
        turns = AdvantageInputs(
            reward=after, group=node, row=step.of, tree_weight=inputs.tree_weight
        )
        return self.inner(turns)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalAndGlobal(TreeAdvantage):
    """TreeRL (arXiv:2506.11902): the gain over the parent, plus the gain over the whole tree.

    Â_n = (V(node) − V(parent)) + (V(node) − μ),  μ = mean of V over the tokens of all leaves

    V is by leaves, of leave-one-out rewards R_i − mean_{j≠i}(R_j) over the leaves of the group. μ
    is over the tokens of the group, and counts them once per leaf, as the released code does.
    """

    per_token: ClassVar[bool] = True
    why_uncentred: ClassVar[str] = _NODES
    why_leaves_differ: ClassVar[str] = _LEAVES

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        tree, n = NodeTree.of_inputs(inputs), count_within(inputs.group)
        apart = above_group(inputs).double() * n / (n - 1).clamp(min=1)
        value = ByLeaves()(tree, apart)
        reached, before = value[tree.of], value[tree.parent[tree.of]]
        whole = centred_within(reached, inputs.group[inputs.row])
        return (difference(reached, before) + whole).to(inputs.reward)


class AncestorMean(TreeAdvantage, ABC):
    """A leaf's reward above the mean of every subtree that it is in.

    Â_i = Σ_a w_a (R_i − mean_a(R)) / Σ_a w_a,  a = the root and all nodes of the path with 2 leaves
    or more;  mean_a is over the leaves below a
    """

    __slots__ = ()

    why_uncentred: ClassVar[str] = "leaves have different numbers of subtrees"
    why_leaves_differ: ClassVar[str] = _LEAVES

    @abstractmethod
    def weigh(self, leaves: Int[Tensor, " M"]) -> Int[Tensor, " M"]:
        """The weight of a subtree with so many leaves."""

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        tree = NodeTree.of_inputs(inputs)
        leaves = count_within(tree.through)
        apart = centred_within(above_group(inputs)[tree.rollout], tree.through)
        weight = (self.weigh(leaves) * (leaves > 1)).to(apart)
        total = sum_within(weight, tree.rollout)
        found = sum_within(weight * apart, tree.rollout) / torch.where(total > 0, total, 1.0)
        return apart.new_zeros(len(inputs.group)).index_put((tree.rollout,), found)[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubtreeMean(AncestorMean):
    """TreePO (arXiv:2508.17445): the mean over subtrees. w_a = 1.

    Â_i = mean over a of R_i − mean_a(R),  a = the root and all nodes of the path with 2 leaves or
    more

    A single leaf under the root has advantage 0; the released code gives it its reward.
    """

    def weigh(self, leaves: Int[Tensor, " M"]) -> Int[Tensor, " M"]:
        return torch.ones_like(leaves)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubtreeSizeMean(AncestorMean):
    """TreePO (arXiv:2508.17445), by size: subtrees count by their leaves. w_a = leaves below a.

    Â_i = Σ_a n_a (R_i − mean_a(R)) / Σ_a n_a,  n_a = the leaves below a, if 2 or more
    """

    def weigh(self, leaves: Int[Tensor, " M"]) -> Int[Tensor, " M"]:
        return leaves


def _tree(inputs: AdvantageInputs) -> Int[Tensor, " B"]:
    """The tree of each rollout: those of one root, also where a fork shares only the prompt."""
    return NodeTree.of_inputs(inputs).top if inputs.tree is None else inputs.tree


def _standardised(
    reward: Float[Tensor, " B"], group: Int[Tensor, " B"], epsilon: float
) -> Float[Tensor, " B"]:
    """The z-score of each rollout among those of its group, every leaf counting once."""
    row = torch.arange(len(reward), device=reward.device)
    return Standardised(epsilon=epsilon)(AdvantageInputs(reward=reward, group=group, row=row))


@dataclass(frozen=True, slots=True, kw_only=True)
class AcrossAndWithinTrees(TreeAdvantage):
    """Tree-GRPO (arXiv:2509.21240): leaves are compared in their group and in their tree.

    Â_i = z_group(R_i) + z_tree(R_i),  z = (R − mean) / (std + ε) with n − 1

    A tree has one root: a leaf that was continued from the prompt of a tree is one of its leaves.
    A lone leaf of a tree has no second term; the released code adds its reward.
    """

    why_leaves_differ: ClassVar[str] = _LEAVES

    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        check(self, epsilon=AT_LEAST_0)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        apart = above_group(inputs)
        across = _standardised(inputs.reward, inputs.group, self.epsilon)
        return (across + _standardised(apart, _tree(inputs), self.epsilon))[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class TwiceStandardised(TreeAdvantage):
    """Tree-GRPO's `tree_2norm` (arXiv:2509.21240): z-scores of z-scores.

    Â_i = z_tree(z_group(R_i)),  z = (x − mean) / (std + ε) with n − 1

    A lone leaf of a tree keeps its z-score in the group, as in the released code.
    """

    why_uncentred: ClassVar[str] = "trees of several leaves are centred, lone leaves are not"
    why_leaves_differ: ClassVar[str] = _LEAVES

    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        check(self, epsilon=AT_LEAST_0)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        tree = _tree(inputs)
        once = _standardised(inputs.reward, inputs.group, self.epsilon)
        alone = count_within(tree) == 1
        return torch.where(alone, once, _standardised(once, tree, self.epsilon))[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class GainDamped(TreeAdvantage):
    """FR3E (arXiv:2507.07017): less where the prefix already improved, more where it got worse.

    Â_n = z_group(R_i) / exp(V(S) − V(S')),  S = the state that n's node begins in, S' the one
    before it

    V is the mean over all leaves through a state; the paper's is over the continuations that were
    sampled from it. Before the first fork there is no S', and the factor is 1; the released code
    takes 1 − V(S) there.
    """

    per_token: ClassVar[bool] = True
    why_uncentred: ClassVar[str] = "the nodes of a rollout have different factors"
    why_leaves_differ: ClassVar[str] = _LEAVES

    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        check(self, epsilon=AT_LEAST_0)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        tree = NodeTree.of_inputs(inputs)
        value = ByLeaves()(tree, above_group(inputs))
        state = tree.parent[tree.of]
        gain = difference(value[state], value[tree.parent[state]])  # a root is its own parent: 0
        score = _standardised(inputs.reward, inputs.group, self.epsilon)
        return score[inputs.row] * bounded(-gain).exp().to(score)

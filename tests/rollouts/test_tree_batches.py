"""Batches of trees and of weighted groups, as algorithms get them."""

import asyncio
from dataclasses import replace
from math import inf, nan
from random import Random

import pytest
import torch
from fakes import fake
from hypothesis import given, settings
from hypothesis import strategies as st
from policy.grown import grown, rows
from recorded import recorded

from whet.policy import algorithms
from whet.policy.tree_advantages import Siblings
from whet.protocols import Learner
from whet.rollouts.batching import build_batch
from whet.sampling.rounds import merged
from whet.types import Group, Reason, Task, Verdict

TASK = Task(id="t", prompt="?")
LEARNER = fake(Learner, version=0)


def leaf(name, parent, at, tokens, score):
    verdict = (
        Verdict.unjudged("away")
        if score is None
        else Verdict(reason=Reason.PARTIAL, score=score, correct=None)
    )
    return recorded(
        task=TASK,
        turns=("?", "!"),
        id=name,
        parent=parent,
        forked_at=at,
        tokens=(0, *tokens),
        chosen=(False, *[True] * len(tokens)),
        behaviour_logp=(-0.5,) * len(tokens),
        verdict=verdict,
    )


def built(*groups, algorithm="spo_tree"):
    return asyncio.run(build_batch(list(groups), algorithms.load(algorithm), LEARNER))


def begin_alike(found):
    return [
        frozenset(j for j, other in enumerate(found) if other[: k + 1] == row[: k + 1])
        for row in found
        for k in range(len(row))
    ]


@given(st.integers(0, 2**31))
@settings(max_examples=30)
def test_leaves_that_faulted_are_left_out_and_the_others_keep_what_they_share(seed):
    """The nodes are those of the judged leaves alone; those that aren't learned from count, too."""
    rng = Random(seed)
    each = [(*row, None if rng.random() < 0.3 else row[-1]) for row in rows(grown(rng))]
    left = [row for *_, row, _, score in each if score is not None]
    members = tuple(leaf(n, p, at, row, score) for n, p, at, row, _, score in each)
    if not left or not any(left):
        return
    learn = tuple(rng.random() < 0.7 for _ in members)
    batch, inputs = built(Group(task=TASK, rollouts=members, learn=learn))
    kept = [r for r, good in zip(members, learn, strict=True) if good and r.score is not None]
    assert [r.id for r in batch.rollouts] == [r.id for r in kept]
    if not any(r.parent for r in members if r.score is not None):
        assert inputs.node is None
        return
    _, everyone = built(Group(task=TASK, rollouts=members))
    assert inputs.node is not None
    assert everyone.node is not None
    number, wanted = everyone.node.tolist(), begin_alike(left)
    assert len(number) == len(wanted)
    assert len(set(zip(number, wanted, strict=True))) == len(set(number)) == len(set(wanted))
    flags = [good for r, good in zip(members, learn, strict=True) if r.score is not None]
    mine = torch.tensor(flags)[everyone.row]
    assert inputs.node.tolist() == everyone.node[mine].tolist()


def test_without_forks_there_are_no_nodes():
    _, inputs = built(Group.of([leaf("a", "", 0, (1, 2), 1.0), leaf("b", "", 0, (1, 3), 0.0)]))
    assert inputs.node is None


def fork(score=(1.0, 0.0, 0.0)):
    """Two leaves after one token, and one rollout alone."""
    return Group.of(
        [
            leaf("a", "", 0, (1, 2), score[0]),
            leaf("b", "a", 1, (1, 3), score[1]),
            leaf("c", "", 0, (4,), score[2]),
        ]
    )


def test_advantages_of_a_batch_are_those_of_its_tree():
    """V of the shared token is ½, of the prompt ¼: by children, the lone rollout counts half."""
    batch, _ = built(fork())
    assert batch.tokens.advantage.tolist() == [0.25, 0.5, 0.25, -0.5, -0.25]
    assert batch.tokens.weight.tolist() == [0.5, 1, 0.5, 1, 1]


def test_a_fault_takes_its_leaf_out_of_the_values():
    """Of the parent: its child keeps the shared token, and is a leaf like any other."""
    batch, inputs = built(fork((None, 1.0, 0.0)))
    assert [r.id for r in batch.rollouts] == ["b", "c"]
    assert inputs.node is None or len(set(inputs.node.tolist())) == 2
    assert batch.tokens.advantage.tolist() == [0.5, 0.5, -0.5]
    assert batch.tokens.weight.tolist() == [1, 1, 1]


def test_nodes_of_two_groups_are_apart():
    """The same rollouts, as guests of two groups."""
    hosts = [Group(task=TASK, rollouts=(), ticket=n).joined(fork().rollouts) for n in range(2)]
    _, inputs = built(*hosts)
    assert inputs.node is not None
    first, second = inputs.node.tolist()[:5], inputs.node.tolist()[5:]
    assert not set(first) & set(second)
    assert [first.index(x) for x in first] == [second.index(x) for x in second] == [0, 1, 0, 3, 4]


def test_the_weight_of_tokens_that_are_learned_from_adds_up_to_distinct_tokens():
    batch, _ = built(fork(), algorithm="treerpo")
    assert batch.tokens.totals.tokens == 4
    per_leaf, _ = built(fork(), algorithm="treepo")
    assert per_leaf.tokens.totals.tokens == 5
    roots, _ = built(fork(), algorithm="treerl")
    assert roots.tokens.totals.tokens == pytest.approx(3 + 2 / 2**0.5)


def chains(scores, ticket, weight=1.0):
    members = [leaf(f"{ticket}.{n}", "", 0, (1, 2), s) for n, s in enumerate(scores)]
    return replace(Group.of(members, ticket), weight=weight)


def advantages(*groups, algorithm="dr_grpo"):
    batch, _ = built(*groups, algorithm=algorithm)
    return batch.tokens.advantage.tolist()


@pytest.mark.parametrize("algorithm", ["dr_grpo", "dapo", "rloo", "treepo"])
def test_the_weight_of_a_group_multiplies_its_advantages_alone(algorithm):
    """With a part that compares within groups, and with one that whitens over the batch."""
    one, other = chains([1.0, 0.0], 0), chains([1.0, 0.5], 1)
    plain = advantages(one, other, algorithm=algorithm)
    weighted = advantages(one, replace(other, weight=0.25), algorithm=algorithm)
    assert plain[:4] == weighted[:4]
    assert weighted[4:] == pytest.approx([x / 4 for x in plain[4:]])
    assert all(x != 0 for x in plain)


def test_the_weight_changes_no_count():
    plain, _ = built(chains([1.0, 0.0], 0), algorithm="dr_grpo")
    weighted, inputs = built(chains([1.0, 0.0], 0, weight=3.0), algorithm="dr_grpo")
    assert plain.tokens.totals == weighted.tokens.totals
    assert inputs.reward.tolist() == [1, 0]


def test_a_weight_of_0_teaches_nothing():
    batch, _ = built(chains([1.0, 0.0], 0, weight=0.0), algorithm="dapo")
    objective = algorithms.load("dapo")
    assert batch.tokens.advantage.tolist() == [0] * 4
    assert not objective.has_gradient(batch.tokens).any()


def test_the_weight_stays_with_the_group_in_whatever_is_done_to_it():
    group = chains([1.0, 0.0], 3, weight=0.5)
    guests = chains([0.0], 9).rollouts
    assert group.having(group.rollouts[:1]).weight == 0.5
    assert group.numbered(7).weight == 0.5
    assert group.joined(guests).weight == 0.5
    assert group.joined(guests).numbered(7).having(guests).weight == 0.5


def test_groups_of_two_rounds_keep_the_weight_that_they_share():
    first, second = chains([1.0, 0.0], 0, weight=0.5), chains([1.0], 1, weight=0.5)
    [both] = merged([first], [second], 1)
    assert len(both) == 3
    assert both.weight == 0.5
    [before] = merged([first], [], 1)
    assert before.weight == 0.5


def test_a_minibatch_has_the_weighted_advantages_of_its_groups():
    groups = [chains([1.0, 0.0], n, weight=float(n)) for n in range(4)]
    batch, _ = built(*groups, algorithm="dr_grpo")
    parts = batch.minibatches(2, Random(0))
    assert len(parts) == 2
    for part in parts:
        size = part.tokens.advantage.abs()
        tickets = torch.tensor([int(r.id[0]) for r in part.rollouts])[part.tokens.row]
        assert size.tolist() == [n / 2 for n in tickets.tolist()]


def test_the_weight_and_the_flags_of_a_group_are_both_kept():
    """The first rollout counts in the baseline only, a fault not at all."""
    group = replace(chains([1.0, 0.0, None], 0, weight=2.0), learn=(False, True, True))
    batch, _ = built(group, algorithm="dr_grpo")
    assert batch.tokens.advantage.tolist() == [-1, -1]


@pytest.mark.parametrize("weight", [nan, inf, -inf, -0.5])
def test_a_weight_that_is_no_factor_is_refused(weight):
    with pytest.raises(ValueError, match=r"'t'.*weight is"):
        chains([1.0, 0.0], 0, weight=weight)


def test_siblings_are_named_in_what_they_lack():
    _, inputs = built(fork())
    with pytest.raises(ValueError, match=r"inputs\.segment"):
        Siblings()(replace(inputs, node=None, segment=None))


def tree_grpo(group):
    """Without its price, which needs a reference."""
    objective = replace(algorithms.load("tree_grpo"), regularisers=())
    return asyncio.run(build_batch([group], objective, LEARNER))


def test_a_leaf_that_begins_at_the_prompt_is_compared_within_its_tree():
    """Tree-GRPO with trees a, b and c, d: each two leaves begin at the prompt, as in one turn.

    Rewards 1, 0 | 1, 1: within the trees the z-scores are ±1/√2, and none.
    """
    leaves = [
        leaf("a", "", 0, (1,), 1.0),
        leaf("b", "a", 0, (2,), 0.0),
        leaf("c", "", 0, (3,), 1.0),
        leaf("d", "c", 0, (4,), 1.0),
    ]
    batch, inputs = tree_grpo(Group.of(leaves))
    assert inputs.tree is not None
    assert inputs.tree.tolist() == [0, 0, 1, 1]
    up, down = 0.25 / 0.5, -0.75 / 0.5
    wanted = [up + 0.5**0.5, down - 0.5**0.5, up, up]
    assert batch.tokens.advantage.tolist() == pytest.approx(wanted, abs=1e-5)


def test_a_missing_root_still_holds_its_tree_together():
    leaves = [
        leaf("a", "", 0, (1,), None),
        leaf("b", "a", 0, (2,), 0.0),
        leaf("c", "a", 0, (3,), 1.0),
        leaf("d", "", 0, (4,), 1.0),
    ]
    _, inputs = tree_grpo(Group.of(leaves))
    assert inputs.tree is not None
    assert inputs.tree.tolist() == [0, 0, 1]


def test_guests_of_two_groups_share_no_token_though_their_parent_is_missing():
    """Two leaves of one token in common, recalled without their parent in two attempts."""
    recalled = [leaf("b", "a", 1, (1, 3), 1.0), leaf("c", "a", 1, (1, 4), 0.0)]
    hosts = [Group.of([leaf(f"h{n}", "", 0, (5,), 0.5)], n).joined(recalled) for n in range(2)]
    batch, inputs = built(*hosts)
    assert batch.tokens.weight.tolist() == [1, 0.5, 1, 0.5, 1] * 2
    assert inputs.node is not None
    assert not set(inputs.node.tolist()[:5]) & set(inputs.node.tolist()[5:])
    assert inputs.tree is not None
    assert inputs.tree.tolist() == [0, 1, 1, 2, 3, 3]


def test_a_guest_keeps_its_parent_in_its_group():
    host = Group.of([leaf("a", "", 0, (1, 2), 1.0)]).joined([leaf("b", "a", 1, (1, 3), 0.0)])
    assert host[1].parent == "a"

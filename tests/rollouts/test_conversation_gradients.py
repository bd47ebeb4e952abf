"""Forks and seats in a gradient: equal leaves are one rollout, the name of a seat is nothing."""

import asyncio
from dataclasses import replace
from random import Random

import pytest
import torch
from conversations import PLAIN, learner_of, talked

from whet.policy import algorithms
from whet.policy.extensions.role_baseline import LiveRoleBaseline, RoleBaseline
from whet.policy.extensions.together import Extensions
from whet.protocols import StepContext
from whet.rollouts.batching import build_batch
from whet.types.optimizers import AdamW

NAMES = {"white": "zebra", "black": "ape"}


@pytest.fixture(scope="module")
def learner():
    """A learner in float64."""
    held = learner_of("llama", PLAIN)
    held.backbone.model.double()
    held.reset_optimizer(AdamW())
    return held


def context():
    """A step of which only the version is known."""
    made = object.__new__(StepContext)
    object.__setattr__(made, "version", None)
    return made


def gradient(learner, groups, name):
    """The gradient of all parameters as one row, and the number of tokens that were computed."""
    objective = algorithms.load(name)
    live = LiveRoleBaseline(RoleBaseline(), {})
    company = Extensions(members=(live,), names=(name,)) if name == "rae" else None
    batch, _ = asyncio.run(build_batch(groups, objective, learner, context(), company))
    shares = learner._gradients(objective, batch.rollouts, batch.tokens)
    row = torch.cat([p.grad.flatten() for p in learner.backbone.model.parameters()])
    return row.clone(), sum(share.computed for share in shares)


def chains():
    """The main conversations of the plays, without their forks."""
    return [
        replace(group, rollouts=tuple(r for r in group if not r.parent))
        for group in talked("llama", PLAIN)
        if not group.seat
    ]


def forked(group, rng):
    """Every rollout as some equal leaves, each of them a fork at the end of another one."""
    leaves = []
    for rollout in group:
        members = [rollout]
        for number in range(rng.randrange(1, 4)):
            parent = rng.choice(members).id
            name = f"{rollout.id}/{number}"
            members.append(replace(rollout, id=name, parent=parent, forked_at=rollout.length))
        leaves += members
    return replace(group, rollouts=tuple(leaves))


def apart(one, other):
    """The distance of two gradients, relative to their size."""
    assert one.norm() > 1e-4
    return float((one - other).norm() / one.norm())


@pytest.mark.parametrize("name", ["dapo", "dr_grpo", "gspo"])
def test_equal_leaves_are_one_rollout(name, learner):
    wanted, tokens = gradient(learner, chains(), name)
    rng = Random(name)
    trees = [forked(group, rng) for group in chains()]
    assert sum(map(len, trees)) > sum(map(len, chains()))
    found, computed = gradient(learner, trees, name)
    assert apart(wanted, found) < 1e-6
    assert computed == tokens


@pytest.mark.parametrize("name", ["dapo", "treepo", "spo_tree"])
def test_the_order_of_leaves_is_irrelevant(name, learner):
    groups = [group for group in talked("llama", PLAIN) if not group.seat]
    assert any(rollout.parent for group in groups for rollout in group)
    wanted, tokens = gradient(learner, groups, name)
    for seed in range(3):
        mixed = [
            replace(group, rollouts=tuple(Random(seed).sample(group.rollouts, len(group))))
            for group in Random(seed).sample(groups, len(groups))
        ]
        found, computed = gradient(learner, mixed, name)
        assert apart(wanted, found) < 1e-6
        assert computed == tokens


def test_a_shared_token_is_computed_once(learner):
    """Of each rollout, the tokens before its last one; those of equal beginnings once."""
    groups = [group for group in talked("llama", PLAIN) if not group.seat]
    rows = {
        tuple(rollout.token_ids[:end].tolist())
        for group in groups
        for rollout in group
        for end in range(1, len(rollout.token_ids))
    }
    _, computed = gradient(learner, groups, "dapo")
    assert computed == len(rows) < sum(len(r.token_ids) for group in groups for r in group)


@pytest.mark.parametrize("name", ["dapo", "lite_ppo", "rae"])
def test_neither_the_name_nor_the_order_of_seats_changes_a_gradient(name, learner):
    """White and black are renamed, and black comes first."""
    groups = [group for group in talked("llama", PLAIN) if group.seat]
    assert [group.seat for group in groups] == ["white", "black"] * 2
    wanted, _ = gradient(learner, groups, name)
    renamed = [reseated(group, NAMES[group.seat]) for group in groups]
    turned = [groups[n] for n in (1, 0, 3, 2)]
    both = [renamed[n] for n in (1, 0, 3, 2)]
    for others in (renamed, turned, both):
        found, _ = gradient(learner, others, name)
        assert apart(wanted, found) < 1e-6


def reseated(group, name):
    """The group with another name of its seat."""
    rollouts = tuple(replace(rollout, seat=name) for rollout in group)
    return replace(group, seat=name, rollouts=rollouts)

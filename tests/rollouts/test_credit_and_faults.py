"""Rewards land where they were earned, and plays that fault leave no trace in a batch."""

import asyncio
from dataclasses import fields, is_dataclass, replace
from functools import cache
from random import Random

import pytest
import torch
from echoing import END, TOKENIZER, Echoing, World, ids
from fakes import fake
from policy.oracles import ORACLES
from thinned import thinned
from torch.testing import assert_close

from whet.policy import algorithms
from whet.policy.advantages import Centred, Standardised
from whet.policy.algorithms.critic_free.gigpo import GroupInGroup
from whet.protocols import Learner
from whet.registry import names
from whet.rollouts.batching import build_batch
from whet.rollouts.player import RolloutPlayer
from whet.rollouts.renderer import TextRenderer
from whet.types import Decoding, Request, Task, Verdict

ALGORITHMS = [name for name in sorted(names("algorithm")) if not algorithms.load(name).companions]
TASKS = [Task(id=name, prompt=name) for name in ("3+4=", "5*6=")]


def of_rollouts(salt):
    """A number for each sampled token, which depends on its rollout alone."""

    async def column(rollouts, of="policy"):
        rows = [
            torch.rand(r.length, generator=torch.Generator().manual_seed(r.seed + salt))
            for r in rollouts
        ]
        return -torch.cat([*rows, torch.zeros(0)])

    return column


LEARNER = fake(
    Learner, version=0, logp=of_rollouts(1), entropy=of_rollouts(2), collision=of_rollouts(3)
)


def played(run, requests):
    player = RolloutPlayer(Echoing(), TextRenderer(TOKENIZER, frozenset({END})), World(run))

    async def all_of_them():
        return await asyncio.gather(*map(player.play, requests))

    return [group for groups in asyncio.run(all_of_them()) for group in groups]


def built(groups, objective):
    return asyncio.run(build_batch(groups, objective, LEARNER))


@pytest.mark.parametrize("prefix", [(), tuple(ids("12"))])
def test_turn_rewards_are_the_credit_of_the_last_tokens_of_their_replies(prefix):
    rewards = (0.25, -1.0, 0.5)

    async def paid(task, policy):
        await policy(task.prompt)
        await policy("|", max_new_tokens=1)
        await policy("")
        return Verdict.points(0.5, correct=False, turn_rewards=rewards)

    groups = played(paid, [Request.of(TASKS[0], (3, 4), Decoding(), prefix)])
    for rollout in groups[0]:
        wanted = [0.0] * rollout.length
        for reply, reward in zip(rollout.spoken, rewards, strict=True):
            wanted[reply.stop - 1] = reward
        assert rollout.verdict.credit == tuple(wanted)
        assert sum(rollout.verdict.credit) == sum(rewards)
        assert rollout.score == 0.5
    _, inputs = built(groups, algorithms.load("credited"))
    assert inputs.dense.tolist() == [x for r in groups[0] for x in r.verdict.credit]


def test_every_leaf_has_the_turn_rewards_of_its_own_path():
    async def forking(task, policy):
        await policy(task.prompt)
        one, two = policy.fork(2)
        await one("+")
        await two("-")
        one.end(Verdict.points(1.0, correct=True, turn_rewards=(0.5, 1.0)))
        two.end(Verdict.points(0.0, correct=False, turn_rewards=(0.5, -1.0)))

    [[one, two]] = played(forking, [Request.of(TASKS[0], (3,), Decoding())])
    shared = two.forked_at
    assert one.verdict.credit[:shared] == two.verdict.credit[:shared] == (0.0, 0.0, 0.5)
    assert (one.verdict.credit[-1], two.verdict.credit[-1]) == (1.0, -1.0)
    assert (sum(one.verdict.credit), sum(two.verdict.credit)) == (1.5, -0.5)


@pytest.mark.parametrize("rewards", [(1.0,), (1.0, 2.0, 3.0)])
def test_another_number_of_turn_rewards_than_of_replies_is_refused(rewards):
    async def unpaid(task, policy):
        await policy(task.prompt)
        await policy("|")
        return Verdict.points(0.5, correct=False, turn_rewards=rewards)

    with pytest.raises(ValueError, match=f"{len(rewards)} turn rewards to 2 replies"):
        played(unpaid, [Request.of(TASKS[0], (3,), Decoding())])


@pytest.mark.parametrize(
    ("inner", "name"), [(Centred(), "mean_norm"), (Standardised(), "mean_std_norm")]
)
def test_credit_by_state_of_played_turns_is_that_of_its_oracle(inner, name):
    """GiGPO: two plays of three turns of a token each, in states that the world names."""
    oracle = ORACLES["gigpo"]
    states = {3: oracle["inputs"]["anchor_obs"][:3], 4: oracle["inputs"]["anchor_obs"][3:]}
    returns = dict(zip(states, oracle["inputs"]["episode_return"], strict=True))

    async def walking(task, policy):
        for place, state in enumerate(states[policy.seed]):
            await policy(f"{place}|", max_new_tokens=1, state=state)
        return Verdict.points(returns[policy.seed], correct=False)

    groups = played(walking, [Request.of(TASKS[0], tuple(states), Decoding())])
    objective = replace(
        algorithms.load("gigpo"), advantage=GroupInGroup(inner=inner), regularisers=()
    )
    batch, _ = built(groups, objective)
    wanted = oracle["expected"][f"advantages_{name}"]
    assert batch.tokens.advantage.tolist() == pytest.approx(wanted, abs=1e-5)


def world(faulting):
    """Turns, a fork and credit; the named plays lose their connection somewhere on the way."""

    async def play(task, policy):
        rng = Random(f"{task.id}{policy.seed}")
        fault = rng.randrange(4) if (task.id, policy.seed) in faulting else -1
        leaves = [policy]
        for turn in range(3):
            if turn == fault:
                raise ConnectionError("gone")
            for leaf in leaves:
                await leaf(f"{turn}|", state=str(turn))
            if turn == 1:
                leaves = policy.fork(2)
        for leaf in leaves:
            points = rng.randrange(5) / 4
            rewards = [rng.randrange(3) for _ in range(3)]
            leaf.end(Verdict.points(points, correct=points == 1, turn_rewards=rewards))
        if fault == 3:
            raise TimeoutError

    return play


def requests(seeds_of):
    return [Request.of(task, seeds_of(task), Decoding()) for task in TASKS if seeds_of(task)]


SEEDS = (13, 24, 35, 46)
EVERYONE = [(task.id, seed) for task in TASKS for seed in SEEDS]
FAULTING = [frozenset(Random(count).sample(EVERYONE, count)) for count in (1, 3, 4, 5)]


@cache
def groups_with(faulting):
    """The groups of all plays, of which these fault."""
    return played(world(faulting), requests(lambda task: SEEDS))


@cache
def groups_without(gone):
    """The groups of the plays that are left where these were never asked."""
    left = requests(lambda task: tuple(s for s in SEEDS if (task.id, s) not in gone))
    return played(world(frozenset()), left)


@pytest.mark.parametrize("name", thinned(ALGORITHMS, 4))
def test_a_batch_is_as_if_the_plays_that_faulted_had_never_been_asked(name):
    """Advantages, weights and totals are equal to the last bit, whichever plays fault."""
    objective = algorithms.load(name)
    for faulting in FAULTING:
        found, seen = built(groups_with(faulting), objective)
        wanted, known = built(groups_without(faulting), objective)
        assert [r.id for r in found.rollouts] == [r.id for r in wanted.rollouts]
        assert len(found.tokens.advantage) > 0
        check_equal(found.tokens, wanted.tokens)
        check_equal(seen, known)


def check_equal(one, other):
    """Two records of tensors, field by field."""
    for field in fields(one):
        mine, yours = getattr(one, field.name), getattr(other, field.name)
        if is_dataclass(mine):
            check_equal(mine, yours)
            continue
        if isinstance(mine, torch.Tensor):
            assert_close(mine, yours, rtol=0, atol=0, equal_nan=True, msg=field.name)
        else:
            assert mine == yours, field.name

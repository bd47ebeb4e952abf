"""A value model: it begins at 0, learns what it is told, and slices don't show."""

import asyncio

import pytest
import torch
from opened import ENDS, opened_critic, played
from torch.testing import assert_close

from whet.engines.embedded.learner import NonFiniteError
from whet.types import Decoding
from whet.types.optimizers import AdamW

VARIED = Decoding(max_new_tokens=20, stop=ENDS)
BRISK = AdamW(lr=3e-3)


@pytest.fixture
def rollouts(engine):
    return [r for group in played(engine[0], VARIED) for r in group if r.length]


def values_of(critic, rollouts):
    return asyncio.run(critic.values(rollouts))


def told_by(critic, wanted, rollouts, lr):
    return asyncio.run(critic.step(wanted, rollouts, lr))


def fit(target, count):
    """Half the mean square error."""
    return lambda value, tokens: ((value - target[tokens]) ** 2).sum() / (2 * count)


def of_prompts(rollouts):
    """1 for every token after an even number of prompt tokens, else 0."""
    even = [
        float(r.action_mask.tolist().index(True) % 2 == 0)
        for r in rollouts
        for _ in r.behaviour_logp
    ]
    return torch.tensor(even)


def test_before_it_has_learned_anything_it_expects_nothing(folder, rollouts):
    values = values_of(opened_critic(folder), rollouts)
    assert len(values) == sum(r.length for r in rollouts)
    assert not values.any()


def test_it_learns_what_it_is_told(folder, rollouts):
    critic = opened_critic(folder)
    critic.reset_optimizer(BRISK)
    target = of_prompts(rollouts)
    assert 0 < target.mean() < 1
    wanted = fit(target, len(target))
    losses = [told_by(critic, wanted, rollouts, BRISK.lr)["value_loss"].value for _ in range(30)]
    assert losses[-1] < 0.2 * losses[0]
    assert_close(
        wanted(values_of(critic, rollouts), slice(None)).item(), losses[-1], rtol=1, atol=0.1
    )


def test_slices_do_not_show(folder, rollouts):
    # Adam turns the sign of a gradient near 0, which is rounding, into a whole step
    steady = AdamW(lr=3e-3, epsilon=1e-3)
    target = of_prompts(rollouts)
    wanted = fit(target, len(target))
    found = []
    for budget in (30, 10**9):
        critic = opened_critic(folder, budget=budget)
        critic.reset_optimizer(steady)
        told = [told_by(critic, wanted, rollouts, steady.lr) for _ in range(2)]
        found.append((told[-1]["value_loss"].value, values_of(critic, rollouts)))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-4)
    assert_close(found[0][1], found[1][1], rtol=1e-3, atol=1e-4)


def test_saved_and_loaded_it_goes_on_as_if_nothing_had_happened(folder, rollouts, tmp_path):
    target = of_prompts(rollouts)
    wanted = fit(target, len(target))
    one, other = (opened_critic(folder) for _ in range(2))
    for critic in (one, other):
        critic.reset_optimizer(BRISK)
    told_by(one, wanted, rollouts, BRISK.lr)
    asyncio.run(one.save(tmp_path))
    asyncio.run(other.load(tmp_path))
    for critic in (one, other):
        told_by(critic, wanted, rollouts, BRISK.lr)
    assert torch.equal(values_of(one, rollouts), values_of(other, rollouts))


def test_a_loss_that_is_no_number_moves_no_weight(folder, rollouts):
    critic = opened_critic(folder)
    critic.reset_optimizer(BRISK)
    with pytest.raises(NonFiniteError, match="the critic's loss is nan"):
        told_by(critic, lambda value, tokens: value.sum() * float("nan"), rollouts, BRISK.lr)
    assert not values_of(critic, rollouts).any()

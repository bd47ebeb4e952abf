"""Conversations with tools, forks and seats: sampler, learner and transformers agree."""

import asyncio
from dataclasses import replace

import pytest
import torch
from conversations import CHATS, HOW, PLAIN, forwarded, learner_of, leaves_through, talked
from tiny import ARCHITECTURES
from torch.testing import assert_close

from whet.policy import algorithms
from whet.policy.advantages import Centred
from whet.rollouts.batching import build_batch
from whet.types.kept import KEPT
from whet.types.optimizers import AdamW

QUICK = {"gpt_neox": PLAIN, "mistral": PLAIN, "olmo2": PLAIN}  # the others as chats
CASES = [
    pytest.param(name, form, marks=[] if form == QUICK.get(name, CHATS[name]) else pytest.mark.full)
    for name in ARCHITECTURES
    for form in (CHATS[name], PLAIN)
]
FEWER = [  # for what takes longer
    pytest.param(name, form, marks=[] if form == QUICK.get(name) else pytest.mark.full)
    for name in ARCHITECTURES
    for form in (CHATS[name], PLAIN)
]
every_case = pytest.mark.parametrize(("architecture", "form"), CASES)


def rollouts_of(*place):
    return [rollout for group in talked(*place) for rollout in group]


def behaviour(rollouts):
    return torch.cat([torch.tensor(rollout.behaviour_logp) for rollout in rollouts])


def learned(architecture, form, rollouts):
    return asyncio.run(learner_of(architecture, form).logp(rollouts))


@every_case
def test_sampler_and_learner_have_the_log_probs_of_full_forwards(architecture, form):
    """At most 1e-5 apart over five turns with tools, forks and two seats."""
    rollouts = rollouts_of(architecture, form)
    assert {len(rollout.acts) for rollout in rollouts} == {5}
    assert {rollout.seat for rollout in rollouts} == {"", "white", "black"}
    assert any(rollout.parent for rollout in rollouts)
    wanted = torch.cat(forwarded(architecture, form)[1]).detach()
    own = torch.cat([torch.tensor(~rollout.external) for rollout in rollouts])
    assert_close(behaviour(rollouts)[own], wanted[own], atol=1e-5, rtol=0)
    assert_close(learned(architecture, form, rollouts), wanted, atol=1e-5, rtol=0)


def loss_by_hand(groups, logps):
    """PPO's clipped loss: rewards less their seat's mean, and the mean over distinct tokens."""
    left, gain, count = iter(logps), torch.zeros(()), 0.0
    for group in groups:
        mean = sum(rollout.score for rollout in group) / len(group)
        for rollout, leaves in zip(group, leaves_through(list(group)), strict=True):
            weight, better = 1 / torch.tensor(leaves), rollout.score - mean
            ratio = (next(left) - torch.tensor(rollout.behaviour_logp)).exp()
            worth = torch.minimum(ratio * better, ratio.clamp(0.8, 1.28) * better)
            gain, count = gain + (weight * worth).sum(), count + weight.sum()
    return -gain / count


@pytest.mark.parametrize(("architecture", "form"), FEWER)
def test_the_gradient_of_a_batch_is_that_of_full_forwards(architecture, form):
    groups = talked(architecture, form)
    learner = learner_of(architecture, form, budget=600)
    objective = replace(algorithms.load("dapo"), advantage=Centred())
    batch, _ = asyncio.run(build_batch(groups, objective, learner))
    learner.reset_optimizer(AdamW())
    shares = learner._gradients(objective, batch.rollouts, batch.tokens)
    assert len(shares) > 1
    model, logps = forwarded(architecture, form)
    model.zero_grad()
    loss = loss_by_hand(groups, logps)
    loss.backward(retain_graph=True)
    assert sum(share.loss for share in shares) == pytest.approx(loss.item(), abs=1e-6)
    ours = dict(learner.backbone.model.named_parameters())
    for name, parameter in model.named_parameters():
        gap = (ours[name].grad - parameter.grad).norm()
        assert gap <= 1e-5 * parameter.grad.norm(), f"{name}: {gap}"


OTHERWISE = [
    pytest.param(replace(HOW, temperature=0.6), id="cold", marks=pytest.mark.full),
    pytest.param(replace(HOW, temperature=1.4, top_p=0.8), id="hot nucleus"),
]


@pytest.mark.parametrize("how", OTHERWISE)
def test_they_agree_at_other_temperatures_and_in_truncated_decoding(how):
    """Log-probs are those of the temperature, and of the tokens that truncation keeps."""
    rollouts = rollouts_of("qwen3", PLAIN, how)
    assert all((KEPT in rollout.columns) == how.truncates for rollout in rollouts)
    wanted = torch.cat(forwarded("qwen3", PLAIN, how)[1]).detach()
    assert_close(behaviour(rollouts), wanted, atol=1e-5, rtol=0)
    assert_close(learned("qwen3", PLAIN, rollouts), wanted, atol=1e-5, rtol=0)

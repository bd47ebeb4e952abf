"""Our attention, packing and head against plain transformers, in float32."""

import asyncio
from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close
from whet.training.assemble import assemble

from whet.policy import algorithms
from whet.types import Decoding, Request, Task, Verdict
from whet.types.optimisers import AdamW

def reference_logp(model, rollout):
    """One text at a time, no cache, no packing, every logit."""
    logits = model(torch.tensor([rollout.tokens])).logits[0] / rollout.temperature
    logp = logits.log_softmax(-1)[:-1].gather(1, torch.tensor(rollout.tokens)[1:, None])[:, 0]
    return logp[torch.tensor(rollout.chosen)[1:]]


@pytest.mark.parametrize("temperature", [1.0, 1.3])
def test_behaviour_and_learner_log_probs_are_those_of_transformers(engine, plain, temperature):
    sampler, learner = engine
    groups = played(sampler, Decoding(temperature=temperature, length=20, stop=ENDS))
    rollouts = [r for group in groups for r in group]
    assert len({r.length for r in rollouts}) > 3, "lengths should differ"
    with torch.no_grad():
        wanted = torch.cat([reference_logp(plain[0], r) for r in rollouts])
    behaviour = torch.tensor([x for r in rollouts for x in r.behaviour_logp])
    assert_close(behaviour, wanted, atol=1e-5, rtol=0)
    assert_close(learner.logp(rollouts), wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize("budget", [100_000, 60])
def test_gradients_are_those_of_transformers(engine, plain, budget):
    sampler, learner = engine
    learner.budget = budget
    objective = algorithms.load("dapo")
    rollouts, batch = assemble(
        scored(played(sampler, Decoding(length=20, stop=ENDS))), objective, learner
    )
    learner.begin(AdamW())
    learner._gradients(objective, rollouts, batch)
    objective.loss(torch.cat([reference_logp(plain[0], r) for r in rollouts]), batch).backward()
    ours = dict(learner.backbone.model.named_parameters())
    for name, parameter in plain[0].named_parameters():
        gap = (ours[name].grad - parameter.grad).norm() / parameter.grad.norm()
        assert gap < 1e-5, f"{name}: {gap}"

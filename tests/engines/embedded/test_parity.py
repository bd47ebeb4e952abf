"""Our attention, packing and head against plain transformers, in float32."""

import pytest
import torch
from opened import ENDS, behaviour_logp, built, logp, played, scored
from torch.testing import assert_close

from whet.policy import algorithms
from whet.types import Decoding
from whet.types.optimizers import AdamW


def reference_logp(model, rollout):
    """One text at a time, no cache, no packing, every logit."""
    logits = (
        model(torch.tensor([rollout.token_ids.tolist()])).logits[0]
        / rollout.decoding.logp_temperature
    )
    logp = logits.log_softmax(-1)[:-1].gather(
        1, torch.tensor(rollout.token_ids.tolist())[1:, None]
    )[:, 0]
    return logp[torch.tensor(rollout.action_mask.tolist())[1:]]


@pytest.mark.parametrize("temperature", [1.0, 1.3])
def test_behaviour_and_learner_log_probs_are_those_of_transformers(engine, plain, temperature):
    player, learner = engine
    groups = played(player, Decoding(temperature=temperature, max_new_tokens=20, stop=ENDS))
    rollouts = [r for group in groups for r in group]
    assert len({r.length for r in rollouts}) > 3, "lengths should differ"
    with torch.no_grad():
        wanted = torch.cat([reference_logp(plain[0], r) for r in rollouts])
    assert_close(behaviour_logp(rollouts), wanted, atol=1e-5, rtol=0)
    assert_close(logp(learner, rollouts), wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize("budget", [100_000, 60])
def test_gradients_are_those_of_transformers(engine, plain, budget):
    player, learner = engine
    learner.budget = budget
    objective = algorithms.load("dapo")
    batch = built(
        scored(played(player, Decoding(max_new_tokens=20, stop=ENDS))), objective, learner
    )
    learner.reset_optimizer(AdamW())
    learner._gradients(objective, batch.rollouts, batch.tokens)
    objective.loss(
        torch.cat([reference_logp(plain[0], r) for r in batch.rollouts]), batch.tokens
    ).backward()
    ours = dict(learner.backbone.model.named_parameters())
    for name, parameter in plain[0].named_parameters():
        gap = (ours[name].grad - parameter.grad).norm() / parameter.grad.norm()
        assert gap < 1e-5, f"{name}: {gap}"

"""What needs the whole batch at once has the same gradient however the batch is sliced."""

from dataclasses import replace

import pytest
import torch
from test_learner import VARIED, gradients
from test_parity import played, scored
from torch.testing import assert_close
from whet.training.assemble import assemble

from whet.policy import algorithms
from whet.policy.regularisers import EntropyBonus
from whet.types.optimisers import AdamW


def drifted(engine, objective):
    """Rollouts, and a batch whose proximal policy isn't quite the learner."""
    sampler, learner = engine
    learner.begin(AdamW(rate=1e-3))
    rollouts, batch = assemble(scored(played(sampler, VARIED)), objective, learner)
    away = 0.3 * torch.randn(len(batch.row), generator=torch.Generator().manual_seed(3))
    batch = replace(batch, proximal_logp=batch.proximal_logp + away)
    return learner, (rollouts, batch)


@pytest.mark.parametrize("name", ["clip_cov", "kl_cov", "disco", "disco_b", "skywork_or1"])
def test_slices_dont_show(engine, name):
    algorithm = algorithms.load(name)
    plain = algorithms.load("dr_grpo")
    learner, (rollouts, batch) = drifted(engine, plain)
    first = torch.zeros(len(batch.group)).index_put((batch.row,), batch.advantage) > 0
    batch = replace(batch, correct=first).counted()
    if name == "skywork_or1":
        algorithm = replace(algorithm, regularisers=(EntropyBonus(beta=0.1),))
    learner.budget = 10**9
    whole = gradients(learner, algorithm, (rollouts, batch))
    learner.budget = 40
    sliced = gradients(learner, algorithm, (rollouts, batch))
    assert max(g.abs().max() for g in whole.values()) > 0
    for key, gradient in whole.items():
        assert_close(sliced[key], gradient, rtol=2e-3, atol=2e-5)

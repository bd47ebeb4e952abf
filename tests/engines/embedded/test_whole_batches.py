"""What needs the whole batch at once has the same gradient however the batch is sliced."""

from dataclasses import replace

import pytest
import torch
from opened import built, played, scored
from test_learner import VARIED, gradients
from torch.testing import assert_close

from whet.policy import algorithms
from whet.policy.regularisers import EntropyBonus
from whet.types import TrainBatch
from whet.types.optimizers import AdamW


def drifted(engine, objective):
    """Rollouts, and a batch whose proximal policy isn't quite the learner."""
    player, learner = engine
    learner.reset_optimizer(AdamW(lr=1e-3))
    batch = built(scored(played(player, VARIED)), objective, learner)
    tokens = batch.tokens
    away = 0.3 * torch.randn(len(tokens.row), generator=torch.Generator().manual_seed(3))
    moved = replace(tokens, proximal_logp=tokens.proximal_logp + away)
    return learner, TrainBatch(batch.rollouts, moved)


@pytest.mark.parametrize("name", ["clip_cov", "kl_cov", "disco", "disco_b", "skywork_or1"])
def test_slices_dont_show(engine, name):
    algorithm = algorithms.load(name)
    plain = algorithms.load("dr_grpo")
    learner, batch = drifted(engine, plain)
    tokens = batch.tokens
    first = torch.zeros(len(tokens.group)).index_put((tokens.row,), tokens.advantage) > 0
    batch = TrainBatch(batch.rollouts, replace(tokens, correct=first).counted())
    if name == "skywork_or1":
        algorithm = replace(algorithm, regularisers=(EntropyBonus(beta=0.1),))
    learner.budget = 10**9
    whole = gradients(learner, algorithm, batch)
    learner.budget = 40
    sliced = gradients(learner, algorithm, batch)
    assert max(g.abs().max() for g in whole.values()) > 0
    for key, gradient in whole.items():
        assert_close(sliced[key], gradient, rtol=2e-3, atol=2e-5)

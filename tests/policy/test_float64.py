"""In float64 nothing is computed in float32 on the way, and a float64 loss has its digits."""

from dataclasses import replace
from math import exp, log1p

import pytest
import torch
from policy.oracles import DOUBLE

from whet.policy.advantages import RewardOnly
from whet.policy.algorithms import load
from whet.policy.objective import BatchLoss
from whet.policy.preferences import Logistic, PairwiseLoss, SumLogRatio
from whet.registry import names
from whet.testing.draws import draw, one_token_each
from whet.testing.laws import loss_and_gradient, ready


def results(objective, drawn, inputs):
    """Loss, gradient and advantages, as a learner would have them."""
    logp, batch = ready(objective, drawn)
    at, batch = objective.split(logp, batch)
    return (*loss_and_gradient(at, logp, batch), objective.advantage(inputs))


@pytest.mark.parametrize("name", sorted(names("algorithm")))
def test_the_default_dtype_changes_no_bit(name):
    """A number that is made in the default dtype, float32, would differ where that is float64."""
    objective = load(name)
    for seed in range(4):
        drawn, inputs = draw(seed), one_token_each(seed)
        usual = results(objective, drawn, inputs)
        torch.set_default_dtype(DOUBLE)
        try:
            wide = results(objective, drawn, inputs)
        finally:
            torch.set_default_dtype(torch.float32)
        for one, other in zip(usual, wide, strict=True):
            assert one.dtype == DOUBLE
            assert torch.equal(one, other)


def test_a_loss_of_the_whole_batch_keeps_its_digits():
    """DPO (arXiv:2305.18290): −log σ(β Δ) of each pair, at its float64 value after `split`."""
    logp, batch = draw(6)
    correct = batch.group == 1
    batch = replace(batch, group=torch.zeros_like(batch.group), correct=correct).counted()
    criterion = PairwiseLoss(score=SumLogRatio(beta=0.1), link=Logistic())
    objective = BatchLoss(criterion=criterion, advantage=RewardOnly())
    reference = batch.proximal_logp + 0.3 * logp
    batch = replace(batch, reference_logp=reference)
    moved = (logp - reference).tolist()
    sums = [
        sum(x for x, row in zip(moved, batch.row.tolist(), strict=True) if row == i)
        for i in range(len(batch.group))
    ]
    said = torch.bincount(batch.row, minlength=len(sums)) > 0
    pairs = [
        (i, j)
        for i in range(len(sums))
        for j in range(len(sums))
        if batch.group[i] == batch.group[j]
        and correct[i]
        and not correct[j]
        and said[i]
        and said[j]
    ]
    assert pairs
    wanted = sum(log1p(exp(-0.1 * (sums[i] - sums[j]))) for i, j in pairs) / len(pairs)
    at, linear = objective.split(logp, batch)
    assert at.loss(logp, linear).item() == pytest.approx(wanted, rel=1e-14)

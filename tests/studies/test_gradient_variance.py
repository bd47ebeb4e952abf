"""The variance of the gradient against explicit gradients and the sample covariance itself."""

import asyncio
from dataclasses import replace
from math import log

import numpy as np
import pytest
import torch
from study_recipe import study_recipe

from whet.policy.advantages import BatchCentred, Centred, LeaveOneOut, RewardOnly
from whet.rewards.unsupervised.random import Random
from whet.rollouts.batching import build_batch
from whet.studies.endpoint import Ended
from whet.studies.endpoints import gradient_variance
from whet.studies.endpoints.gradient_variance import GradientSpread, GradientVariance
from whet.training.run import Run
from whet.types import IntegrityError, UsageError

COINS = Random(probability=0.5, truth=None)  # a random model is never right
PART = GradientVariance(batches=3, prompts=2)


def run_with(advantage, **changes) -> Run:
    run = study_recipe()
    return replace(
        run,
        warmup=(),
        reward=COINS,
        objective=replace(run.objective, advantage=advantage),
        **changes,
    )


def measured(run, part=PART):
    ended = Ended(run=run, base={}, final={"pass@1": 0.0})
    return asyncio.run(part.measure(ended))


def test_the_trace_is_that_of_the_sample_covariance():
    g = torch.randn(7, 5, generator=torch.Generator().manual_seed(0))
    found = GradientSpread.of(g)
    assert found.trace == pytest.approx(np.trace(np.cov(g.double().numpy(), rowvar=False)))
    biased = (g.double().mean(0) ** 2).sum().item()
    assert found.signal == pytest.approx(biased - found.trace / 7)


def test_by_hand():
    # mean (2, 0); deviations ±(1, 0): trace 2 / (2 − 1), signal 4 − 2 / 2
    assert GradientSpread.of(torch.tensor([[1.0, 0.0], [3.0, 0.0]])) == GradientSpread(
        trace=2.0, signal=3.0
    )


async def _batches(run):
    groups = await PART._groups(run)
    learner = await gradient_variance._learner(run)
    parts = [groups[i : i + 2] for i in range(0, 6, 2)]
    return learner, [(await build_batch(part, run.objective, learner))[0] for part in parts]


@pytest.mark.parametrize("advantage", [RewardOnly(), BatchCentred(), Centred(), LeaveOneOut()])
def test_gradients_are_those_of_the_loss_by_autograd(advantage):
    """The oracle: −1/B Σ_i A_i Σ_t log π of each batch, by the model's own forward pass."""
    run = run_with(advantage)

    async def both():
        learner, batches = await _batches(run)
        found = [await learner.gradient(run.objective, batch) for batch in batches]
        return batches, found

    batches, found = asyncio.run(both())
    model, _ = run.model.load("cpu", run.seed)
    for batch, gradient in zip(batches, found, strict=True):
        rewards = torch.tensor([r.score for r in batch.rollouts])
        a = _advantages(type(advantage).__name__, rewards)
        loss = torch.zeros(())
        for rollout, worth in zip(batch.rollouts, a.tolist(), strict=True):
            ids = torch.tensor([list(rollout.token_ids)])
            logits = model(ids).logits[0, :-1].log_softmax(-1)
            logp = logits.gather(1, ids[0, 1:, None])[:, 0]
            chosen = torch.tensor([bool(x) for x in rollout.action_mask][1:])
            loss = loss - worth * logp[chosen].sum() / len(batch.rollouts)
        own = torch.autograd.grad(loss, list(model.parameters()), materialize_grads=True)
        flat = torch.cat([x.flatten() for x in own])
        assert torch.allclose(gradient, flat, atol=1e-5 * flat.abs().max().item() + 1e-8)
    spread = GradientSpread.of(torch.stack(found))
    assert measured(run).endpoint == pytest.approx(log(spread.trace))


def _advantages(name, rewards):
    groups = rewards.view(-1, 4)
    mean = groups.mean(1, keepdim=True)
    return {
        "RewardOnly": rewards,
        "BatchCentred": rewards - rewards.mean(),
        "Centred": (groups - mean).flatten(),
        "LeaveOneOut": ((groups - mean) * 4 / 3).flatten(),
    }[name]


def test_arms_share_their_rollouts_and_the_weights_stay():
    found = [measured(run_with(advantage)) for advantage in (RewardOnly(), Centred())]
    shared = [{n: m.secondary[n] for n in ("mean_reward", "reward_variance")} for m in found]
    assert shared[0] == shared[1]
    assert found[0].endpoint != found[1].endpoint
    assert found[0] == measured(run_with(RewardOnly()))


def test_the_others_mean_is_the_groups_mean_times_a_constant():
    """n/(n−1) on every advantage: n = 4, so tr Σ differs by (4/3)²."""
    centred, others = (measured(run_with(a)).endpoint for a in (Centred(), LeaveOneOut()))
    assert others - centred == pytest.approx(2 * log(4 / 3), abs=1e-4)


def test_rewards_that_never_differ_have_no_logarithm():
    run = replace(run_with(Centred()), reward=Random(probability=1.0, truth=None))
    with pytest.raises(IntegrityError, match="logarithm"):
        measured(run)


@pytest.mark.parametrize("wrong", [{"batches": 1}, {"prompts": 0}])
def test_numbers_that_give_no_variance_are_refused(wrong):
    with pytest.raises(UsageError, match=f"endpoint.{next(iter(wrong))}"):
        GradientVariance(**wrong)

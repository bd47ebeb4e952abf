"""The plain learner tells what the alarms of a run need: drift, rate, steps, and its reference."""

import asyncio
from dataclasses import replace

import pytest
import torch

from whet.engines.models import FromScratch
from whet.engines.plain.engine import Plain
from whet.engines.tokenizers import CharacterTokenizer
from whet.policy import algorithms
from whet.rollouts.batching import build_batch
from whet.rollouts.checks import check_drift, check_optimizer
from whet.rollouts.checks.limits import TrustLimits
from whet.types import Decoding, IntegrityError, Request, Task, TrainBatch, Verdict
from whet.types.optimizers import AdamW

MODEL = FromScratch(shape="llama-tiny", tokenizer=CharacterTokenizer(alphabet="0123456789=+"))
LOSS = algorithms.load("dapo")


async def begun():
    """A player, a learner with an optimizer, and a batch."""
    player, learner = await Plain(device="cpu").open(MODEL, 0)
    learner.reset_optimizer(AdamW())
    asked = Request.of(Task(id="a", prompt="1+2="), range(4), Decoding(max_new_tokens=8))
    (group,) = await player.play(asked)
    judged = tuple(
        replace(r, verdict=Verdict.binary(correct=bool(i % 2))) for i, r in enumerate(group)
    )
    return player, learner, (await build_batch([replace(group, rollouts=judged)], LOSS, learner))[0]


def shifted(batch, row, nats):
    """The batch as if the generator had told other log-probs of one rollout."""
    told = batch.tokens.behaviour_logp + nats * (batch.tokens.row == row)
    return TrainBatch(batch.rollouts, replace(batch.tokens, behaviour_logp=told))


def test_the_drift_of_one_rollout_is_told_and_limited():
    async def stepped():
        _, learner, batch = await begun()
        return await learner.step(LOSS, shifted(batch, 2, 0.01), 1e-6), batch

    update, batch = asyncio.run(stepped())
    assert update.drift_rollout == pytest.approx(0.01, abs=1e-4)
    assert update.drift_worst == batch.rollouts[2].id
    wide = TrustLimits(drift=1.0, drift_max=1.0)
    with pytest.raises(IntegrityError, match=r"limits.drift_rollout is 0.003"):
        check_drift(update, batch.rollouts, wide, "float32")


def test_steps_and_rates_are_told_and_a_fresh_optimizer_is_found(tmp_path):
    async def tried():
        _, learner, batch = await begun()
        assert learner.optimizer_steps == 0
        update = await learner.step(LOSS, batch, 3e-5)
        await learner.save(tmp_path)
        _, other, _ = await begun()
        await other.load(tmp_path)
        check_optimizer(other, learner.optimizer_steps)
        other.reset_optimizer(AdamW())
        with pytest.raises(IntegrityError, match="optimizer: it has taken 0 steps, but 1"):
            check_optimizer(other, learner.optimizer_steps)
        return update

    assert asyncio.run(tried()).lr == 3e-5


def test_a_reference_that_moves_is_found(tmp_path):
    async def tried():
        _, learner, batch = await begun()
        await learner.save(tmp_path)
        await learner.set_reference(tmp_path)
        first = await learner.logp(batch.rollouts, "reference")
        assert torch.equal(first, await learner.logp(batch.rollouts, "reference"))
        learner.reference.scorer = lambda rollouts: learner._scored(learner.model, rollouts)
        await learner.step(LOSS, batch, 1e-2)
        await learner.logp(batch.rollouts, "reference")

    with pytest.raises(IntegrityError, match="the reference has moved"):
        asyncio.run(tried())


def test_a_weight_that_is_frozen_later_is_named():
    async def tried():
        _, learner, batch = await begun()
        learner.model.model.norm.weight.requires_grad_(requires_grad=False)
        await learner.step(LOSS, batch, 1e-3)

    with pytest.raises(IntegrityError, match=r"frozen after the optimizer.*model\.norm\.weight"):
        asyncio.run(tried())


def test_generator_and_learner_tell_tensors_and_vocabulary():
    async def tried():
        player, learner, _ = await begun()
        weights = await learner.publish()
        assert player.manifest() == weights.manifest
        assert learner.vocabulary == player.renderer.vocabulary
        assert learner.dtype == "float32"

    asyncio.run(tried())

"""Low precision: what rounds away in place stays in float32 copies, and limits tell it apart."""

import asyncio
from dataclasses import replace

import pytest
import torch
from opened import TASKS, built, digest, played, scored, stepped
from sabotaged import brief, said

from whet.engines.embedded.adapters import LoRA, adapters
from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.masters import Float32Masters, InPlace, TrainedWeights
from whet.engines.embedded.recompute import LayerRecompute
from whet.engines.models import Folder, FromScratch
from whet.engines.states import adamw
from whet.engines.tokenizers import CharacterTokenizer
from whet.policy import algorithms
from whet.rollouts.checks.limits import TrustLimits
from whet.types import Decoding, IntegrityError
from whet.types.optimizers import AdamW

HOW = Decoding(max_new_tokens=6)
PLAIN = AdamW(lr=1e-3, weight_decay=0.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("model")
    alphabet = CharacterTokenizer(alphabet="0123456789=+abcdefghij|so rt")
    model, tokenizer = FromScratch(shape="llama-tiny", tokenizer=alphabet).load("cpu")
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


def opened(folder, dtype="bfloat16", **engine):
    settings = Embedded(device="cpu", threads=1, slots=16, **engine)
    player, learner = asyncio.run(settings.open(Folder(path=str(folder), dtype=dtype), 0))
    learner.reset_optimizer(PLAIN)
    return player, learner


def after_steps(masters, steps, dtype=torch.bfloat16):
    """A weight of 1 after steps of 0.001 downwards: AdamW's step is lr where g is constant."""
    weight = torch.ones(1, dtype=dtype, requires_grad=True)
    trained = TrainedWeights.of({"w": weight}, masters)
    optimizer = adamw(trained.held, PLAIN)
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=True)
        trained.begin()
        trained.backward(weight.sum())
        trained.step(optimizer)
    return weight.item(), trained.held[0].item()


def test_small_steps_add_up_in_a_copy_and_vanish_in_place():
    """Below 1, bfloat16 has steps of 2^-8 = 0.0039: 0.999 is 1, and 0.998 is 0.99609375."""
    assert after_steps(InPlace(), 5) == (1.0, 1.0)
    assert after_steps(Float32Masters(), 1)[0] == 1.0
    weight, copy = after_steps(Float32Masters(), 2)
    assert weight == 0.99609375
    assert copy == pytest.approx(0.998, abs=1e-6)


def test_weights_of_float32_are_changed_themselves():
    weight = torch.ones(2, requires_grad=True)
    assert TrainedWeights.of({"w": weight}, Float32Masters()).held[0] is weight


def test_gradients_of_micro_batches_add_up_in_float32():
    """256 + 1 + 1 is 258; in bfloat16 256 + 1 is 256."""
    weight = torch.zeros(1, dtype=torch.bfloat16, requires_grad=True)
    trained = TrainedWeights.of({"w": weight}, Float32Masters())
    for slope in (256.0, 1.0, 1.0):
        trained.backward((slope * weight).sum())
    assert trained.held[0].grad.item() == 258.0


def test_a_small_gradient_of_float16_survives_and_a_large_one_halves_the_scale():
    """1e-8 is 0 in float16, whose smallest number is 6e-8; 2^16 times it is 6.6e-4."""
    weight = torch.zeros(1, dtype=torch.float16, requires_grad=True)
    trained = TrainedWeights.of({"w": weight}, Float32Masters())
    trained.backward(1e-8 * weight.float().sum())
    assert trained.held[0].grad.item() == pytest.approx(1e-8, rel=1e-3)
    trained.held[0].grad = None
    trained.backward(100.0 * weight.float().sum())
    norm = trained.held[0].grad.norm().item()
    assert trained.rescaled(norm) and trained.scale == 2.0**15
    assert not trained.rescaled(1.0)


def test_copies_and_moments_are_restored_and_the_next_step_is_the_same(folder, tmp_path):
    objective, (player, one) = algorithms.load("dapo"), opened(folder)
    batch = built(scored(played(player, HOW)), objective, one)
    stepped(one, objective, batch, 1e-3)
    asyncio.run(one.save(tmp_path))
    _, two = opened(folder)
    asyncio.run(two.load(tmp_path))
    assert all(map(torch.equal, one.trained.held, two.trained.held))
    for learner in (one, two):
        stepped(learner, objective, batch, 1e-3)
    assert digest(one) == digest(two)
    assert {h.dtype for h in two.trained.held} == {torch.float32}


def test_a_step_counts_the_same_whatever_the_micro_batches(folder):
    found = []
    for budget in (16, 16384):
        objective, (player, learner) = algorithms.load("dapo"), opened(folder, budget=budget)
        groups = scored(played(player, HOW))
        update = stepped(learner, objective, built(groups, objective, learner), 0.0)
        found.append(update.metrics["grad_norm"].value)
    assert found[0] == pytest.approx(found[1], rel=0.02)


@pytest.mark.parametrize("dtype", ["bfloat16", pytest.param("float16", marks=pytest.mark.full)])
def test_a_run_in_low_precision_stays_within_its_limits(dtype, folder, tmp_path):
    run = brief({}, model=Folder(path=str(folder), dtype=dtype), objective=algorithms.load("grpo"))
    assert said(run, tmp_path) == ("", 2)


def test_a_limit_of_float32_tells_that_it_was_given(folder, tmp_path):
    model = Folder(path=str(folder), dtype="bfloat16")
    message, taken = said(brief({}, model=model, limits=TrustLimits(probe=1e-6)), tmp_path)
    assert taken == 0
    assert "limits.probe is 1e-06)" in message
    assert "rounding" not in message


def test_layers_that_are_computed_again_give_the_same_gradient(folder):
    """Bit by bit, and fewer activations are kept: the law of activation checkpointing."""
    found = []
    for recompute in (None, LayerRecompute()):
        objective = algorithms.load("dapo")
        player, learner = opened(folder, "float32", recompute=recompute)
        batch = built(scored(played(player, HOW)), objective, learner)
        kept = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda x, kept=kept: kept.append(x.nelement()) or x, lambda x: x
        ):
            gradient = asyncio.run(learner.gradient(objective, batch))
        found.append((gradient, sum(kept)))
    (whole, many), (again, few) = found
    assert torch.equal(whole, again) and whole.abs().sum() > 0
    assert few < many


def test_a_critic_is_computed_again_too(folder):
    """The setting is the engine's, and a critic has a body of the policy's size."""
    kept, values = [], []
    for recompute in (None, LayerRecompute()):
        engine = Embedded(device="cpu", threads=1, slots=16, recompute=recompute)
        player, _ = opened(folder, "float32", recompute=recompute)
        rollouts = [r for group in played(player, HOW) for r in group]
        critic = asyncio.run(engine.critic(folder))
        critic.reset_optimizer(PLAIN)
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda x, sizes=sizes: sizes.append(x.nelement()) or x, lambda x: x
        ):
            asyncio.run(critic.step(lambda value, tokens: value.sum(), rollouts, 1e-2))
        kept.append(sum(sizes))
        values.append(asyncio.run(critic.values(rollouts)))
    assert torch.equal(*values) and values[0].abs().sum() > 0
    assert kept[1] < kept[0]


def test_generator_and_learner_read_one_base(folder):
    """The adapters are their own, so a step moves the generator at the next delivery only."""
    player, learner = opened(folder, "float32", lora=LoRA(rank=2))
    held, trained = (x.backbone.model for x in (player.generator, learner))
    own = {n: p.data_ptr() for n, p in held.named_parameters()}
    for name, weight in trained.named_parameters():
        assert (own[name] == weight.data_ptr()) == (".lora_" not in name)
    objective = algorithms.load("dapo")
    stepped(learner, objective, built(scored(played(player, HOW)), objective, learner), 1e-3)
    there, here = adapters(held), adapters(trained)
    moved = {name for name, tensor in here.items() if not torch.equal(tensor, there[name])}
    assert any("lora_B" in name for name in moved)
    assert player.held().step == 0


def test_a_base_that_moves_under_adapters_is_noticed(folder, tmp_path):
    """The reference is the base without adapters."""
    player, learner = opened(folder, "float32", lora=LoRA(rank=2))
    asyncio.run(learner.save(tmp_path))
    asyncio.run(learner.set_reference(tmp_path))
    rollouts = [r for group in played(player, HOW, TASKS[:1]) for r in group]
    before = asyncio.run(learner.logp(rollouts, "reference"))
    assert torch.equal(asyncio.run(learner.logp(rollouts, "reference")), before)
    with torch.no_grad():
        learner.backbone.model.get_parameter("model.norm.weight").mul_(1.001)
    with pytest.raises(IntegrityError, match="the reference has moved"):
        asyncio.run(learner.logp(rollouts, "reference"))


def test_all_limits_have_a_value_for_each_dtype():
    for dtype in ("float32", "float16", "bfloat16", "float64"):
        found = TrustLimits().of(dtype)
        assert None not in (found.probe, found.drift, found.drift_rollout, found.drift_max)
    assert replace(TrustLimits(), faults=0.5).of("float32").faults == 0.5

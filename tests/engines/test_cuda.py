"""On a GPU: what the CPU computes, the same bits every time, and checkpoints that travel.

Every bound is of float32 products without TF32, unless a test says otherwise.
"""

import asyncio
from functools import lru_cache, partial

import numpy as np
import pytest
import torch
from opened import (
    ENDS,
    TASKS,
    behaviour_logp,
    built,
    delivered,
    digest,
    logp,
    opened,
    opened_critic,
    played,
    scored,
    stepped,
)
from talks import assert_equal, everything, talk, tree
from test_lora import EXPERTS, SIZES
from tiny import ARCHITECTURES, embedded, plain, tiny
from torch.testing import assert_close
from transformers import AutoConfig, AutoModelForCausalLM

from whet.engines.digest import digest as digest_of
from whet.engines.embedded.adapters import LoRA, adapters
from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.repeatable import repeatable
from whet.engines.tokenizers import CharacterTokenizer
from whet.policy import algorithms
from whet.types import Decoding
from whet.types.optimizers import AdamW

GPU = "cuda"
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")

OPENINGS = ((5, 6, 7), (8, 9, 10, 11, 12, 13, 14), (5, 6))
VARIED = Decoding(max_new_tokens=20, stop=ENDS)
TOKENIZER = CharacterTokenizer(alphabet="0123456789abcdefghijs ort=+|")
STEADY = AdamW(lr=1e-3, epsilon=1e-3)  # a gradient near 0, which is rounding, is no whole step
LONG = Decoding(max_new_tokens=400)  # so that attention's backward pass splits its keys
COARSE = {"mean": 0.02, "most": 0.3}  # nats between generator and learner in bfloat16


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Saved models of each architecture, by name."""

    @lru_cache
    def saved(architecture):
        path = tmp_path_factory.mktemp(architecture)
        tiny(architecture).save_pretrained(path)
        TOKENIZER.build().save_pretrained(path)
        return str(path)

    return saved


def rolled(player, decoding=VARIED, seeds=(11, 22, 33, 44)):
    return [r for group in played(player, decoding, seeds=seeds) for r in group]


def gradients(learner, batch, objective):
    with repeatable(learner.backbone.device):
        learner._gradients(objective, batch.rollouts, batch.tokens)
    named = learner.backbone.model.named_parameters()
    return {name: p.grad.clone() for name, p in named if p.grad is not None}


def parameters(learner):
    """The digest of what is saved: base weights and adapters apart."""
    return digest_of(dict(learner.backbone.model.named_parameters()))


def weights(learner):
    return {name: w.cpu() for name, w in asyncio.run(learner.publish()).tensors.items()}


@lru_cache
def said_on_the_cpu(architecture, work, openings, seeds):
    return everything(plain(tiny(architecture)), work, openings, seeds)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(("work", "seeds"), [(talk, (1, 2)), (partial(talk, pauses=6), (1, 2))])
def test_continued_sessions_say_what_full_forwards_on_the_cpu_say(architecture, work, seeds):
    theirs = said_on_the_cpu(architecture, talk, OPENINGS, seeds)
    assert_equal(everything(embedded(tiny(architecture).to(GPU)), work, OPENINGS, seeds), theirs)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_forks_and_trees_say_what_full_forwards_on_the_cpu_say(architecture):
    theirs = said_on_the_cpu(architecture, tree, OPENINGS[1:2], (1,))
    generator = embedded(tiny(architecture).to(GPU))
    assert_equal(everything(generator, tree, OPENINGS[1:2], (1,)), theirs)


def test_full_forwards_of_both_devices_say_the_same():
    theirs = said_on_the_cpu("llama", talk, OPENINGS, (1, 2))
    assert_equal(everything(plain(tiny("llama").to(GPU)), talk, OPENINGS, (1, 2)), theirs)


@pytest.mark.parametrize("how", [{}, {"top_p": 0.8}, {"top_k": 5, "temperature": 1.3}])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_learner_and_generator_agree(architecture, how, folders):
    player, learner = opened(folders(architecture), GPU)
    rollouts = rolled(player, Decoding(max_new_tokens=20, stop=ENDS, **how))
    assert len({r.length for r in rollouts}) > 3
    assert learner.backbone.device.type == GPU
    assert_close(logp(learner, rollouts), behaviour_logp(rollouts), atol=1e-5, rtol=0)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_in_bfloat16_learner_and_generator_agree_within_its_bound(architecture, folders):
    player, learner = opened(folders(architecture), GPU, "bfloat16")
    rollouts = rolled(player)
    apart = (logp(learner, rollouts) - behaviour_logp(rollouts)).abs()
    assert learner.backbone.model.dtype == torch.bfloat16
    assert 0 < apart.mean() < COARSE["mean"]
    assert apart.max() < COARSE["most"]


@pytest.mark.parametrize("lora", [None, LoRA(rank=4)])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_gradients_are_those_of_the_cpu(architecture, lora, folders):
    player, here = opened(folders(architecture), lora=lora)
    _, there = opened(folders(architecture), GPU, lora=lora)
    objective = algorithms.load("dapo")
    batch = built(scored(played(player, VARIED)), objective, here)
    for learner in (here, there):
        learner.reset_optimizer(STEADY)
    wanted = gradients(here, batch, objective)
    found = gradients(there, batch, objective)
    assert found.keys() == wanted.keys()
    for name, gradient in wanted.items():
        gap = (found[name].cpu() - gradient).norm()
        assert gap <= 1e-5 * gradient.norm(), f"{name}: {gap / gradient.norm()}"


@pytest.mark.parametrize("name", ["gspo", "disco", "clip_cov", "nft", "sft"])
def test_every_kind_of_loss_has_the_gradient_of_the_cpu(name, folders):
    """Ratios of sequences, comparisons in groups, drawn tokens, and texts without ratios."""
    player, here = opened(folders("llama"))
    _, there = opened(folders("llama"), GPU)
    objective = algorithms.load(name)
    batch = built(scored(played(player, VARIED)), algorithms.load("dapo"), here)
    for learner in (here, there):
        learner.reset_optimizer(STEADY)
    wanted = gradients(here, batch, objective)
    found = gradients(there, batch, objective)
    for one, gradient in wanted.items():
        assert (found[one].cpu() - gradient).norm() <= 1e-5 * gradient.norm(), one


def test_a_step_moves_weights_as_on_the_cpu(folders):
    player, here = opened(folders("qwen3"))
    _, there = opened(folders("qwen3"), GPU)
    objective = algorithms.load("dapo")
    batch = built(scored(played(player, VARIED)), objective, here)
    for learner in (here, there):
        learner.reset_optimizer(STEADY)
        for _ in range(3):
            stepped(learner, objective, batch, 1e-3)
    assert digest(here) != digest_of(opened(folders("qwen3"))[1].backbone.model.state_dict())
    for name, weight in weights(here).items():
        assert_close(weights(there)[name], weight, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("architecture", ["llama", "gpt_neox"])
def test_a_gradient_over_long_texts_has_the_same_bits_each_time(architecture, dtype, folders):
    player, learner = opened(folders(architecture), GPU, dtype)
    objective = algorithms.load("dapo")
    player.generator.ends = frozenset()
    batch = built(scored(played(player, LONG, TASKS[:2])), objective, learner)
    assert len(batch.tokens.row) == 8 * LONG.max_new_tokens
    learner.reset_optimizer(AdamW())
    first = gradients(learner, batch, objective)
    for _ in range(5):
        for name, gradient in gradients(learner, batch, objective).items():
            assert torch.equal(gradient, first[name]), name


def test_torchs_settings_are_as_they_were_after_an_update():
    before = torch.get_deterministic_debug_mode()
    with repeatable(torch.device(GPU)):
        assert torch.are_deterministic_algorithms_enabled()
    assert torch.get_deterministic_debug_mode() == before
    assert torch.get_float32_matmul_precision() == "highest"


@pytest.mark.parametrize("architecture", ["mixtral", "qwen3_moe", "granitemoe"])
def test_mixtures_of_experts_are_trained_too(architecture, tmp_path):
    torch.manual_seed(0)
    sizes = SIZES | EXPERTS | {"vocab_size": 40, "max_position_embeddings": 64}
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(architecture, **sizes))
    model.save_pretrained(tmp_path)
    TOKENIZER.build().save_pretrained(tmp_path)
    player, learner = opened(tmp_path, GPU)
    objective = algorithms.load("dapo")
    groups = scored(played(player, VARIED))
    rollouts = [r for group in groups for r in group]
    assert_close(logp(learner, rollouts), behaviour_logp(rollouts), atol=1e-5, rtol=0)
    learner.reset_optimizer(AdamW())
    batch = built(groups, objective, learner)
    first = gradients(learner, batch, objective)
    for name, gradient in gradients(learner, batch, objective).items():
        assert torch.equal(gradient, first[name]), name
    assert stepped(learner, objective, batch, 1e-3).metrics["grad_norm"].value > 0


def test_neither_slots_nor_neighbours_nor_order_change_a_text(folders):
    wanted = {(r.task.id, r.seed): r for r in rolled(opened(folders("llama"), GPU)[0])}
    for sizes in ({"slots": 1}, {"slots": 3, "budget": 8}):
        player, _ = opened(folders("llama"), GPU, **sizes)
        for tasks in (TASKS[::-1], TASKS[1:2]):
            for group in played(player, VARIED, tasks, seeds=(44, 11)):
                for rollout in group:
                    other = wanted[rollout.task.id, rollout.seed]
                    assert rollout.token_ids.tolist() == other.token_ids.tolist()
                    np.testing.assert_allclose(
                        rollout.behaviour_logp, other.behaviour_logp, atol=1e-5, rtol=0
                    )


def test_the_same_work_twice_has_the_same_bits(folders):
    one, two = (rolled(opened(folders("qwen3"), GPU)[0]) for _ in range(2))
    for a, b in zip(one, two, strict=True):
        assert a.token_ids.tolist() == b.token_ids.tolist()
        assert np.array_equal(a.behaviour_logp, b.behaviour_logp)


DTYPES = (torch.float32, torch.bfloat16, torch.float16, torch.int64, torch.bool)


@pytest.mark.parametrize("chunk", [7, 1 << 26])
def test_a_digest_is_of_the_bytes_wherever_they_are(chunk, monkeypatch):
    monkeypatch.setattr("whet.engines.digest._CHUNK", chunk)
    held = {str(d): torch.arange(100).view(10, 10).to(d) for d in DTYPES}
    there = {name: tensor.to(GPU) for name, tensor in held.items()}
    assert digest_of(there) == digest_of(held)
    there["torch.float32"][3, 4] += 1
    assert digest_of(there) != digest_of(held)


@pytest.mark.parametrize("lora", [None, LoRA(rank=4)])
def test_both_devices_begin_with_the_same_weights(lora, folders):
    (_, here), (_, there) = (opened(folders("llama"), d, lora=lora) for d in ("cpu", GPU))
    assert digest(here) == digest(there)
    assert digest_of(adapters(here.backbone.model)) == digest_of(adapters(there.backbone.model))


@pytest.mark.parametrize("lora", [None, LoRA(rank=4)])
@pytest.mark.parametrize("way", [("cpu", GPU), (GPU, "cpu"), (GPU, GPU)])
def test_a_state_is_restored_on_the_other_device(way, lora, folders, tmp_path):
    """The same parameters, and the same step within rounding; on one device, bit by bit.

    W + B A is rounded by the device that adds it, so with adapters only its terms are compared.
    """
    objective = algorithms.load("dapo")
    player, first = opened(folders("llama"), way[0], lora=lora)
    batch = built(scored(played(player, VARIED)), objective, first)
    first.reset_optimizer(STEADY)
    for _ in range(2):
        stepped(first, objective, batch, 1e-3)
    asyncio.run(first.save(tmp_path))
    _, second = opened(folders("llama"), way[1], lora=lora)
    second.reset_optimizer(STEADY)
    asyncio.run(second.load(tmp_path))
    assert parameters(second) == parameters(first)
    assert lora or digest(second) == digest(first)
    for learner in (first, second):
        stepped(learner, objective, batch, 1e-3)
    assert way[0] != way[1] or digest(second) == digest(first)
    for name, weight in weights(first).items():
        assert_close(weights(second)[name], weight, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("lora", [None, LoRA(rank=4)])
def test_delivered_weights_are_played(lora, folders):
    player, learner = opened(folders("mistral"), GPU, lora=lora)
    objective = algorithms.load("dapo")
    learner.reset_optimizer(AdamW())
    batch = built(scored(played(player, VARIED)), objective, learner)
    stepped(learner, objective, batch, 1e-2)
    assert delivered(player, learner).digest == digest(learner)
    rollouts = rolled(player)
    assert_close(logp(learner, rollouts), behaviour_logp(rollouts), atol=1e-5, rtol=0)


@pytest.mark.parametrize("lora", [None, LoRA(rank=4)])
def test_a_reference_is_the_policy_that_was_saved(lora, folders, tmp_path):
    player, learner = opened(folders("llama"), GPU, lora=lora)
    learner.reset_optimizer(AdamW())
    asyncio.run(learner.save(tmp_path))
    asyncio.run(learner.set_reference(tmp_path))
    rollouts = rolled(player)
    assert torch.equal(logp(learner, rollouts, "reference"), logp(learner, rollouts))


def test_a_critic_learns_as_on_the_cpu(folders):
    rollouts = rolled(opened(folders("llama"))[0])
    here, there = opened_critic(folders("llama")), opened_critic(folders("llama"), GPU)
    target = torch.linspace(-1, 1, sum(r.length for r in rollouts))
    for critic in (here, there):
        critic.reset_optimizer(STEADY)
        for _ in range(3):
            fit = partial(_squared, target)
            asyncio.run(critic.step(fit, rollouts, 1e-3))
    values = [asyncio.run(critic.values(rollouts)) for critic in (here, there)]
    assert values[0].abs().max() > 1e-3
    assert_close(values[1], values[0], atol=1e-5, rtol=1e-4)


def _squared(target, value, tokens):
    return ((value - target[tokens]) ** 2).mean()


def test_a_small_head_in_chunks_is_the_head(folders, monkeypatch):
    player, learner = opened(folders("llama"), GPU)
    objective = algorithms.load("dapo")
    batch = built(scored(played(player, VARIED)), objective, learner)
    learner.reset_optimizer(AdamW())
    whole = gradients(learner, batch, objective)
    monkeypatch.setattr("whet.engines.embedded.backbone._CHUNK", 40)  # 16 tokens at a time
    for name, gradient in gradients(learner, batch, objective).items():
        assert_close(gradient, whole[name], atol=1e-6, rtol=1e-4)


def test_the_device_is_the_gpu_unless_another_is_asked_for():
    name = torch.cuda.get_device_name()
    assert Embedded().hardware() == f"cuda ({name}), CUDA {torch.version.cuda}"
    assert Embedded(device="cpu").hardware() == "cpu"

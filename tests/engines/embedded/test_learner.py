"""What the learner computes, and what it doesn't."""

import asyncio
from dataclasses import replace
from pathlib import Path

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
    played,
    scored,
    stepped,
)
from torch.testing import assert_close

from whet.engines.embedded import backbone as backbone_module
from whet.engines.embedded.adapters import LoRA, adapters, merged
from whet.engines.embedded.packing import pack, slices
from whet.engines.models import Folder
from whet.policy import algorithms
from whet.types import Decoding, TrainBatch, UsageError
from whet.types.optimizers import AdamW

VARIED = Decoding(max_new_tokens=20, stop=ENDS)


@pytest.fixture
def share(engine):
    """A learner and something to learn from."""
    player, learner = engine
    learner.reset_optimizer(AdamW(lr=1e-3))
    return learner, built(scored(played(player, VARIED)), algorithms.load("dapo"), learner)


def gradients(learner, objective, batch):
    learner._gradients(objective, batch.rollouts, batch.tokens)
    named = learner.backbone.model.named_parameters()
    return {name: p.grad.clone() for name, p in named if p.grad is not None}


def test_a_prompt_is_computed_once_and_no_token_predicts_nothing(share):
    learner, batch = share
    call = pack(batch.rollouts)
    prompts = {r.task.prompt: r.action_mask.tolist().index(True) for r in batch.rollouts}
    own = sum(r.length - 1 for r in batch.rollouts)
    assert len(call.tokens) == sum(prompts.values()) + own
    assert len(call.choice) == len(batch.tokens.row)
    update = stepped(learner, algorithms.load("dapo"), batch, 0.0)
    assert update.metrics["computed"].total == len(call.tokens)


def test_slices_cover_everything_in_order_within_the_budget(share):
    _, batch = share
    rollouts = batch.rollouts
    for budget in (1, 30, 100, 10**9):
        parts = list(slices(rollouts, budget))
        assert [i for part in parts for i in range(part.start, part.stop)] == list(
            range(len(rollouts))
        )
        for part in parts:
            size = len(pack(rollouts[part]).tokens)
            assert size <= budget or part.stop - part.start == 1


def test_rollouts_that_teach_nothing_are_not_computed_and_still_count(share):
    learner, batch = share
    objective = algorithms.load("dapo")
    tokens = batch.tokens
    idle = tokens.row % 2 == 0
    halved = replace(tokens, advantage=tokens.advantage.masked_fill(idle, 0.0))
    with_idle = gradients(learner, objective, TrainBatch(batch.rollouts, halved))
    keep = objective.has_gradient(halved)
    taught = [r for r, kept in zip(batch.rollouts, keep.tolist(), strict=True) if kept]
    alone = gradients(learner, objective, TrainBatch(taught, halved.where(keep)))
    for name, gradient in with_idle.items():
        assert torch.equal(gradient, alone[name])
    update = stepped(learner, objective, TrainBatch(batch.rollouts, halved), 0.0)
    assert 0 < update.metrics["taught"].value < 1


def test_nothing_to_learn_moves_nothing(share):
    learner, batch = share
    before = digest(learner)
    silent = replace(batch.tokens, advantage=torch.zeros_like(batch.tokens.advantage))
    still = TrainBatch(batch.rollouts, silent)
    update = stepped(learner, algorithms.load("dapo"), still, 1.0)
    assert update.loss == 0
    assert digest(learner) == before


def test_a_head_in_chunks_is_the_head(share, monkeypatch):
    learner, batch = share
    whole = gradients(learner, algorithms.load("dapo"), batch)
    before = logp(learner, batch.rollouts)
    monkeypatch.setattr(backbone_module, "_CHUNK", 52 * 7)  # seven tokens at a time
    assert_close(logp(learner, batch.rollouts), before, atol=1e-6, rtol=0)
    for name, gradient in gradients(learner, algorithms.load("dapo"), batch).items():
        assert_close(gradient, whole[name], atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("name", ["grpo", "dapo"])
def test_clipped_tokens_are_counted_whatever_the_price(share, name):
    """Every third token has moved by 0.5 nats up, r = 1.65, every other third by as much down."""
    learner, batch = share
    now, tokens = logp(learner, batch.rollouts), batch.tokens
    shift = torch.tensor([0.5, -0.5, 0.0]).repeat(len(now))[: len(now)]
    stale = replace(tokens, proximal_logp=now - shift, reference_logp=now - 0.1)
    update = stepped(learner, algorithms.load(name), TrainBatch(batch.rollouts, stale), 0.0).metrics
    raised = int(((shift > 0) & (tokens.advantage > 0)).sum())
    lowered = int(((shift < 0) & (tokens.advantage < 0)).sum())
    assert update["clipped_high"].total == raised > 0
    assert update["clipped_low"].total == lowered > 0
    assert update["clipped"].total == raised + lowered
    assert update["clipped"].count == int((tokens.advantage != 0).sum())


def test_entropy_is_that_of_the_distribution(share, plain):
    learner, batch = share
    update = stepped(learner, algorithms.load("dapo"), batch, 0.0)
    total, count = 0.0, 0
    for rollout in batch.rollouts:
        logits = plain[0](torch.tensor([rollout.token_ids.tolist()])).logits[0, :-1]
        entropy = torch.distributions.Categorical(logits=logits).entropy()
        total += entropy[torch.tensor(rollout.action_mask.tolist())[1:]].sum().item()
        count += rollout.length
    assert update.metrics["entropy"].value == pytest.approx(total / count, abs=1e-4)


def test_a_step_is_adamws(share, plain):
    learner, batch = share
    objective = algorithms.load("dapo")
    grads = gradients(learner, objective, batch)
    optimizer = torch.optim.AdamW(plain[0].parameters(), lr=1e-3, weight_decay=0.01)
    for name, parameter in plain[0].named_parameters():
        parameter.grad = grads[name]
    torch.nn.utils.clip_grad_norm_(plain[0].parameters(), 1.0)
    optimizer.step()
    stepped(learner, objective, batch, 1e-3)
    wanted = plain[0].state_dict()
    for name, weight in asyncio.run(learner.publish()).tensors.items():
        assert_close(weight, wanted[name], atol=1e-6, rtol=1e-5)


def test_a_reference_is_what_was_saved(share, tmp_path):
    learner, batch = share
    asyncio.run(learner.save(tmp_path))
    first = logp(learner, batch.rollouts)
    asyncio.run(learner.set_reference(tmp_path))
    for _ in range(3):
        stepped(learner, algorithms.load("dapo"), batch, 1e-2)
    assert torch.equal(logp(learner, batch.rollouts, "reference"), first)
    assert not torch.allclose(logp(learner, batch.rollouts), first, atol=1e-3)


def test_saving_and_loading_goes_on_exactly(share, tmp_path, folder):
    learner, batch = share
    objective = algorithms.load("dapo")
    stepped(learner, objective, batch, 1e-2)
    asyncio.run(learner.save(tmp_path))
    stepped(learner, objective, batch, 1e-2)
    _, again = opened(folder)
    again.reset_optimizer(AdamW(lr=1e-3))
    asyncio.run(again.load(tmp_path))
    stepped(again, objective, batch, 1e-2)
    assert digest(again) == digest(learner)


def test_a_demonstration_is_the_teachers_words(engine):
    player, learner = engine
    shown = player.renderer.demonstration(TASKS[0], "7")
    assert shown.turns == (TASKS[0].prompt, "7")
    assert shown.chosen_ids.tolist() == [
        *learner.tokenizer.encode("7"),
        learner.tokenizer.eos_token_id,
    ]
    assert shown.seal == shown.imprint()


def test_adapters_are_trained_alone_and_played_over_the_same_base(folder, tmp_path):
    player, learner = opened(folder, lora=LoRA(rank=4, alpha=8.0))
    plain = Folder(path=folder).load("cpu")[0].state_dict()
    learner.reset_optimizer(AdamW(lr=1e-2, weight_decay=0.0))
    objective = algorithms.load("dapo")
    groups = scored(played(player, VARIED))
    batch = built(groups, objective, learner)
    trained = sum(p.numel() for p in learner.trained.held)
    assert trained < 0.2 * sum(w.numel() for w in plain.values())
    for _ in range(2):
        stepped(learner, objective, batch, 1e-2)
    assert delivered(player, learner).digest == digest(learner)
    said = [r for group in played(player, VARIED) for r in group]
    assert_close(logp(learner, said), behaviour_logp(said), atol=1e-5, rtol=0)
    head = "lm_head.weight" if "lm_head.weight" in plain else "embed_out.weight"
    assert set(asyncio.run(learner.publish()).tensors) == set(adapters(learner.backbone.model))
    now = merged(learner.backbone.model)
    assert torch.equal(now[head], plain[head])
    assert any(not torch.equal(now[name], plain[name]) for name in plain)

    asyncio.run(learner.save(tmp_path))
    stepped(learner, objective, batch, 1e-2)
    _, again = opened(folder, lora=LoRA(rank=4, alpha=8.0))
    again.reset_optimizer(AdamW(lr=1e-2, weight_decay=0.0))
    asyncio.run(again.load(tmp_path))
    stepped(again, objective, batch, 1e-2)
    assert digest(again) == digest(learner)
    saved = Folder(path=str(tmp_path)).load("cpu")[0]
    assert set(saved.state_dict()) == set(plain)


def test_a_rank_of_none_is_refused():
    with pytest.raises(UsageError, match="rank is 0"):
        LoRA(rank=0)


def test_a_rollout_of_one_token_is_learned_from(engine):
    player, learner = engine
    learner.reset_optimizer(AdamW())
    group = played(player, Decoding(max_new_tokens=1), TASKS[:1])[0]
    objective = algorithms.load("dapo")
    update = stepped(learner, objective, built(scored([group]), objective, learner), 1e-3)
    assert update.metrics["grad_norm"].value > 0


def test_a_reference_without_adapters_is_no_copy(folder):
    """Log-probs of before any training, from the weights under the adapters."""
    player, learner = opened(folder, lora=LoRA(rank=4))
    batch = built(scored(played(player, VARIED)), algorithms.load("dapo"), learner)
    learner.reset_optimizer(AdamW(lr=1e-2))
    asyncio.run(learner.set_reference(Path(folder)))
    before = logp(learner, batch.rollouts)
    stepped(learner, algorithms.load("dapo"), batch, 1e-2)
    assert (logp(learner, batch.rollouts) - before).abs().max() > 1e-3
    assert torch.equal(logp(learner, batch.rollouts, "reference"), before)
    assert learner.reference is not None
    update = stepped(learner, algorithms.load("dapo"), batch, 1e-2)
    assert update.metrics["grad_norm"].value > 0


def test_a_reference_elsewhere_is_a_copy(folder):
    player, learner = opened(folder)
    rollouts = [r for group in played(player, VARIED) for r in group]
    asyncio.run(learner.set_reference(Path(folder)))
    assert learner.reference != learner._without_adapters
    assert_close(logp(learner, rollouts, "reference"), logp(learner, rollouts))

"""What the learner computes, and what it doesn't."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_parity import ENDS, TASKS, played, scored
from torch.testing import assert_close
from whet.training.assemble import assemble

from whet.engines.embedded import backbone as backbone_module
from whet.engines.embedded.adapters import LoRA
from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.packing import pack, slices
from whet.engines.models import Folder
from whet.policy import algorithms
from whet.types import Decoding, Refusal, Verdict
from whet.types.optimisers import AdamW

VARIED = Decoding(length=20, stop=ENDS)


@pytest.fixture
def share(engine):
    """A learner and something to learn from."""
    sampler, learner = engine
    learner.begin(AdamW(rate=1e-3))
    return learner, assemble(scored(played(sampler, VARIED)), algorithms.load("dapo"), learner)


def gradients(learner, objective, share):
    learner._gradients(objective, *share)
    named = learner.backbone.model.named_parameters()
    return {name: p.grad.clone() for name, p in named if p.grad is not None}


def test_a_prompt_is_computed_once_and_no_token_predicts_nothing(share):
    learner, (rollouts, batch) = share
    call = pack(rollouts)
    prompts = {r.task.prompt: r.chosen.index(True) for r in rollouts}
    own = sum(r.length - 1 for r in rollouts)
    assert len(call.tokens) == sum(prompts.values()) + own
    assert len(call.choice) == len(batch.row)
    update = learner.step(algorithms.load("dapo"), rollouts, batch, 0.0)
    assert update.metrics["computed"].total == len(call.tokens)


def test_slices_cover_everything_in_order_within_the_budget(share):
    _, (rollouts, _) = share
    for budget in (1, 30, 100, 10**9):
        parts = list(slices(rollouts, budget))
        assert [i for part in parts for i in range(part.start, part.stop)] == list(
            range(len(rollouts))
        )
        for part in parts:
            size = len(pack(rollouts[part]).tokens)
            assert size <= budget or part.stop - part.start == 1


def test_rollouts_that_teach_nothing_are_not_computed_and_still_count(share):
    learner, (rollouts, batch) = share
    objective = algorithms.load("dapo")
    idle = batch.row % 2 == 0
    halved = replace(batch, advantage=batch.advantage.masked_fill(idle, 0.0))
    with_idle = gradients(learner, objective, (rollouts, halved))
    keep = objective.teaches(halved)
    taught = [r for r, kept in zip(rollouts, keep.tolist(), strict=True) if kept]
    alone = gradients(learner, objective, (taught, halved.where(keep)))
    for name, gradient in with_idle.items():
        assert torch.equal(gradient, alone[name])
    update = learner.step(objective, rollouts, halved, 0.0)
    assert 0 < update.metrics["taught"].value < 1


def test_nothing_to_learn_moves_nothing(share):
    learner, (rollouts, batch) = share
    before = learner.digest()
    silent = replace(batch, advantage=torch.zeros_like(batch.advantage))
    update = learner.step(algorithms.load("dapo"), rollouts, silent, 1.0)
    assert update.loss == 0
    assert learner.digest() == before


def test_a_head_in_chunks_is_the_head(share, monkeypatch):
    learner, share = share
    whole = gradients(learner, algorithms.load("dapo"), share)
    logp = learner.logp(share[0])
    monkeypatch.setattr(backbone_module, "_CHUNK", 52 * 7)  # seven tokens at a time
    assert_close(learner.logp(share[0]), logp, atol=1e-6, rtol=0)
    for name, gradient in gradients(learner, algorithms.load("dapo"), share).items():
        assert_close(gradient, whole[name], atol=1e-6, rtol=1e-4)


def test_entropy_is_that_of_the_distribution(share, plain):
    learner, (rollouts, batch) = share
    update = learner.step(algorithms.load("dapo"), rollouts, batch, 0.0)
    total, count = 0.0, 0
    for rollout in rollouts:
        logits = plain[0](torch.tensor([rollout.tokens])).logits[0, :-1]
        entropy = torch.distributions.Categorical(logits=logits).entropy()
        total += entropy[torch.tensor(rollout.chosen)[1:]].sum().item()
        count += rollout.length
    assert update.metrics["entropy"].value == pytest.approx(total / count, abs=1e-4)


def test_a_step_is_adamws(share, plain):
    learner, (rollouts, batch) = share
    objective = algorithms.load("dapo")
    grads = gradients(learner, objective, (rollouts, batch))
    optimiser = torch.optim.AdamW(plain[0].parameters(), lr=1e-3, weight_decay=0.01)
    for name, parameter in plain[0].named_parameters():
        parameter.grad = grads[name]
    torch.nn.utils.clip_grad_norm_(plain[0].parameters(), 1.0)
    optimiser.step()
    learner.step(objective, rollouts, batch, 1e-3)
    wanted = plain[0].state_dict()
    for name, weight in learner.weights().items():
        assert_close(weight, wanted[name], atol=1e-6, rtol=1e-5)


def test_a_reference_is_what_was_saved(share, tmp_path):
    learner, (rollouts, batch) = share
    learner.save(tmp_path)
    first = learner.logp(rollouts)
    learner.refer(tmp_path)
    for _ in range(3):
        learner.step(algorithms.load("dapo"), rollouts, batch, 1e-2)
    assert torch.equal(learner.reference_logp(rollouts), first)
    assert not torch.allclose(learner.logp(rollouts), first, atol=1e-3)


def test_saving_and_loading_goes_on_exactly(share, tmp_path, folder):
    learner, (rollouts, batch) = share
    objective = algorithms.load("dapo")
    learner.step(objective, rollouts, batch, 1e-2)
    learner.save(tmp_path)
    learner.step(objective, rollouts, batch, 1e-2)
    _, again = Embedded(device="cpu").open(Folder(path=folder), 0)
    again.begin(AdamW(rate=1e-3))
    again.load(tmp_path)
    again.step(objective, rollouts, batch, 1e-2)
    assert again.digest() == learner.digest()


def test_a_demonstration_is_the_teachers_words(engine):
    _, learner = engine
    shown = learner.imitate(TASKS[0], "7")
    assert shown.turns == (TASKS[0].prompt, "7")
    assert [t for t, c in zip(shown.tokens, shown.chosen, strict=True) if c] == [
        *learner.tokenizer.encode("7"),
        learner.tokenizer.eos_token_id,
    ]
    assert shown.seal == shown.imprint()


def test_adapters_are_trained_alone_and_played_merged(folder, tmp_path):
    engine = Embedded(device="cpu", lora=LoRA(rank=4, alpha=8.0))
    sampler, learner = engine.open(Folder(path=folder), 0)
    plain = {name: w.clone() for name, w in sampler.backbone.model.state_dict().items()}
    learner.begin(AdamW(rate=1e-2, weight_decay=0.0))
    objective = algorithms.load("dapo")
    groups = scored(played(sampler, VARIED))
    share = assemble(groups, objective, learner)
    trained = sum(p.numel() for p in learner._trained())
    assert trained < 0.2 * sum(w.numel() for w in plain.values())
    for _ in range(2):
        learner.step(objective, *share, 1e-2)
    sampler.load(learner.weights())
    assert sampler.digest() == learner.digest()
    said = [r for group in played(sampler, VARIED) for r in group]
    behaviour = torch.tensor([x for r in said for x in r.behaviour_logp])
    assert_close(learner.logp(said), behaviour, atol=1e-5, rtol=0)
    head = "lm_head.weight" if "lm_head.weight" in plain else "embed_out.weight"
    now = learner.weights()
    assert torch.equal(now[head], plain[head])
    assert any(not torch.equal(now[name], plain[name]) for name in plain)

    learner.save(tmp_path)
    learner.step(objective, *share, 1e-2)
    _, again = engine.open(Folder(path=folder), 0)
    again.begin(AdamW(rate=1e-2, weight_decay=0.0))
    again.load(tmp_path)
    again.step(objective, *share, 1e-2)
    assert again.digest() == learner.digest()
    merged = Folder(path=str(tmp_path)).load("cpu")[0]
    assert set(merged.state_dict()) == set(plain)


def test_a_rank_of_none_is_refused():
    with pytest.raises(Refusal, match="rank is 0"):
        LoRA(rank=0)


def test_a_rollout_of_one_token_is_learned_from(engine):
    sampler, learner = engine
    learner.begin(AdamW())
    group = played(sampler, Decoding(length=1), TASKS[:1])[0]
    judged = [
        tuple(replace(r, verdict=Verdict.binary(correct=i == 0)) for i, r in enumerate(group))
    ]
    update = learner.step(
        algorithms.load("dapo"), *assemble(judged, algorithms.load("dapo"), learner), 1e-3
    )
    assert update.metrics["grad_norm"].value > 0


def test_a_reference_without_adapters_is_no_copy(folder):
    """Log-probs of before any training, from the weights under the adapters."""
    sampler, learner = Embedded(device="cpu", lora=LoRA(rank=4)).open(Folder(path=folder), seed=0)
    judged = scored(played(sampler, VARIED))
    rollouts, batch = assemble(judged, algorithms.load("dapo"), learner)
    learner.begin(AdamW(rate=1e-2))
    learner.refer(Path(folder))
    before = learner.logp(rollouts)
    learner.step(algorithms.load("dapo"), rollouts, batch, 1e-2)
    assert (learner.logp(rollouts) - before).abs().max() > 1e-3
    assert torch.equal(learner.reference_logp(rollouts), before)
    assert learner.reference == learner._without_adapters
    update = learner.step(algorithms.load("dapo"), rollouts, batch, 1e-2)
    assert update.metrics["grad_norm"].value > 0


def test_a_reference_elsewhere_is_a_copy(folder):
    sampler, learner = Embedded(device="cpu").open(Folder(path=folder), seed=0)
    rollouts = [r for group in played(sampler, VARIED) for r in group]
    learner.refer(Path(folder))
    assert learner.reference != learner._without_adapters
    assert_close(learner.reference_logp(rollouts), learner.logp(rollouts))

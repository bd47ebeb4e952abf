"""Observation tokens in the learner: their log-probs, their gradient, and no work for nothing."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest
import torch
from opened import SEEDS, built, digest, opened, played, scored, stepped
from recorded import recorded
from torch.testing import assert_close

from whet.engines.embedded.adapters import LoRA
from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.learner import EmbeddedLearner, NonFiniteError
from whet.engines.models import Folder, FromScratch
from whet.policy.algorithms import load
from whet.protocols import Environment
from whet.types import Decoding, Group, Task, Verdict
from whet.types.kept import KEPT, kept_column
from whet.types.optimizers import AdamW

ECHO = load("echo", coefficient=0.7)
TEXTS = ("xyCDefGH", "xyCDefgGI", "xyCghJ", "xyKLM")
H = 1e-5  # of finite differences along a direction of norm 1; no ReLU turns within it


def rollout(text, place=0, parent="", at=0, **more):
    """Small letters are the world's, capital ones were chosen; a letter's token is its place.

    The letter a is the padding of these models, whose embedding has no gradient.
    """
    chosen = tuple(c.isupper() for c in text)
    return recorded(
        **{
            "task": Task(id="t", prompt="t"),
            "tokens": tuple(ord(c.lower()) - ord("a") for c in text),
            "chosen": chosen,
            "behaviour_logp": (-2.0,) * sum(chosen),
            "id": text,
            "parent": parent,
            "forked_at": at,
            "decoding": Decoding(temperature=0.8),
            "verdict": Verdict.binary(correct=place % 2 == 0),
        }
        | more
    )


def group(texts=TEXTS):
    return Group.of([rollout(text, n) for n, text in enumerate(texts)])


def tree():
    """Two leaves share "CDef" after the opening, and one is alone."""
    return Group.of(
        [
            rollout("xyCDefGH"),
            rollout("xyCDefIgJ", 1, parent="xyCDefGH", at=2),
            rollout("xyKcL", 2),
        ]
    )


def heard(model, one):
    """Log-probs of a rollout's observation tokens by an unmodified forward."""
    ids = torch.tensor(one.token_ids.tolist())
    logp = (model(ids[None]).logits[0] / one.decoding.logp_temperature).log_softmax(-1)
    flags = one.action_mask.tolist()
    places = [p for p in range(1, len(ids)) if not flags[p] and any(flags[:p]) and any(flags[p:])]
    return torch.stack([logp[p - 1, ids[p]] for p in places]) if places else logp.new_zeros(0)


def said(model, one):
    """The same of its sampled tokens."""
    ids = torch.tensor(one.token_ids.tolist())
    logp = (model(ids[None]).logits[0] / one.decoding.logp_temperature).log_softmax(-1)
    return torch.stack([logp[p - 1, ids[p]] for p in np.flatnonzero(one.action_mask)])


def gradients(learner, objective, batch):
    shares = learner._gradients(objective, batch.rollouts, batch.tokens)
    named = learner.backbone.model.named_parameters()
    return sum(share.loss for share in shares), {
        name: p.grad.clone() for name, p in named if p.grad is not None
    }


@pytest.fixture
def learner(engine):
    _, learner = engine
    learner.reset_optimizer(AdamW(lr=1e-2))
    return learner


def test_their_log_probs_are_those_of_a_plain_forward(learner, plain):
    batch = built([group()], ECHO, learner)
    found = stepped(learner, ECHO, batch, 0.0).metrics["observed_nll"]
    with torch.no_grad():
        logp = torch.cat([heard(plain[0], r) for r in batch.rollouts])
    assert found.count == len(logp) == 2 + 3 + 2
    assert found.value == pytest.approx(-logp.mean().item(), abs=1e-4)


def by_hand(model, batch):
    """−J, J = mean_i Σ_t min(…) / |y_i| + α mean_i mean_o log π, of a plain model."""
    own, answers = [], []
    advantage = batch.tokens.advantage.double().split([r.length for r in batch.rollouts])
    for one, worth in zip(batch.rollouts, advantage, strict=True):
        ratio = (said(model, one) + 2.0).exp()
        own.append(torch.minimum(ratio * worth, ratio.clamp(0.8, 1.2) * worth).mean())
        if one.observed.any():
            answers.append(heard(model, one).mean())
    return -(torch.stack(own).mean() + 0.7 * torch.stack(answers).mean())


def test_loss_and_gradient_are_those_of_a_plain_model(learner, plain):
    batch = built([group()], ECHO, learner)
    loss, grads = gradients(learner, ECHO, batch)
    model = plain[0].double()
    wanted = by_hand(model, batch)
    wanted.backward()
    assert loss == pytest.approx(wanted.item(), abs=1e-4)
    for name, weight in model.named_parameters():
        assert (grads[name] - weight.grad).norm() <= 1e-5 * weight.grad.norm() + 1e-6, name


def test_the_gradient_is_that_of_finite_differences_in_float64(tmp_path):
    """Of a model whose norms stay in float64; others round to float32 within."""
    made, tokenizer = FromScratch(shape="neox-tiny").load("cpu", seed=7)
    made.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    _, learner = opened(str(tmp_path))
    learner.reset_optimizer(AdamW())
    batch = built([group()], ECHO, learner)
    _, grads = gradients(learner, ECHO, batch)
    model = Folder(path=str(tmp_path)).load("cpu")[0].double()
    rng = torch.Generator().manual_seed(3)
    slopes = {name: slope(model, batch, w, rng) for name, w in model.named_parameters()}
    for name, (way, found) in slopes.items():
        tolerance = 1e-5 * grads[name].norm().item() + 1e-7
        assert (grads[name].double() * way).sum().item() == pytest.approx(found, abs=tolerance)
    assert max(abs(found) for _, found in slopes.values()) > 1e-3


@torch.no_grad()
def slope(model, batch, weight, rng):
    """A random direction of norm 1, and the slope of the loss along it."""
    way = torch.randn(weight.shape, generator=rng, dtype=torch.float64)
    way /= way.norm()
    before = weight.clone()
    weight.copy_(before + H * way)
    above = by_hand(model, batch)
    weight.copy_(before - H * way)
    below = by_hand(model, batch)
    weight.copy_(before)
    return way, ((above - below) / (2 * H)).item()


@pytest.mark.parametrize("groups", [group, tree], ids=["chains", "tree"])
@pytest.mark.parametrize("budget", [1, 13])
def test_micro_batches_change_neither_loss_nor_gradient(learner, groups, budget):
    batch = built([groups()], ECHO, learner)
    whole, wanted = gradients(learner, ECHO, batch)
    small = EmbeddedLearner(learner.backbone, learner.tokenizer, budget)
    small.reset_optimizer(AdamW())
    loss, found = gradients(small, ECHO, batch)
    assert loss == pytest.approx(whole, abs=1e-5)
    for name, gradient in wanted.items():
        assert_close(found[name], gradient, atol=1e-5, rtol=1e-4)


def test_a_tree_learns_each_observation_once(learner, plain):
    """Both leaves heard e and f; g and c were heard once: 4 tokens, and not 6."""
    batch = built([tree()], ECHO, learner)
    found = stepped(learner, ECHO, batch, 0.0).metrics["observed_nll"]
    with torch.no_grad():
        first, second, alone = (heard(plain[0], r) for r in batch.rollouts)
    assert_close(first, second[:2], atol=1e-5, rtol=0)
    distinct = torch.cat([first, second[2:], alone])
    assert found.count == pytest.approx(4)
    assert found.value == pytest.approx(-distinct.mean().item(), abs=1e-4)


class Forking(Environment):
    """The world forks after the first reply, and tells both halves other words that begin alike."""

    async def play(self, task, policy):
        await policy(task.prompt)
        one, two = policy.fork(2)
        await asyncio.gather(one("34="), two("35="))


def test_a_world_that_forks_is_learned_from_as_it_was_played(engine):
    """Per play "3" once, "4=" and "5=": 5 tokens."""
    player, learner = engine
    learner.reset_optimizer(AdamW())
    tasks = [Task(id="1", prompt="3+4="), Task(id="2", prompt="a")]
    groups = scored(played(player.within(Forking()), Decoding(max_new_tokens=4), tasks))
    batch = built(groups, ECHO, learner)
    plays = len(tasks) * len(SEEDS)
    assert len(batch.rollouts) == 2 * plays
    assert batch.tokens.observed.weight.tolist() == [0.5, 1, 1] * 2 * plays
    found = stepped(learner, ECHO, batch, 1e-3).metrics["observed_nll"]
    assert found.count == batch.tokens.observed.totals.tokens == 5 * plays
    assert found.value > 0


@pytest.mark.parametrize(("name", "rows"), [("dapo", 13), ("echo", 13 + 7)])
def test_the_head_computes_observations_only_where_they_are_needed(
    learner, monkeypatch, name, rows
):
    read, logits = [], Backbone.logits

    def counted(self, hidden):
        read.append(len(hidden))
        return logits(self, hidden)

    objective = load(name)
    batch = built([group()], objective, learner)
    monkeypatch.setattr(Backbone, "logits", counted)
    update = stepped(learner, objective, batch, 0.0)
    assert sum(read) == rows
    assert update.metrics["computed"].total == 2 + 5 + 6 + 3 + 2  # the body's: as without echo


def test_failed_groups_teach_what_the_world_answered(learner):
    """Equal rewards: the sampled tokens teach nothing, and the observations become likelier."""
    lost = Group.of([rollout(text, 1) for text in TEXTS])
    batch = built([lost], ECHO, learner)
    assert not batch.tokens.advantage.any()
    told = [stepped(learner, ECHO, batch, 1e-3).metrics for _ in range(4)]
    values = [one["observed_nll"].value for one in told]
    assert values[-1] < values[0] - 0.1
    assert all(one["taught"].total == 10 for one in told)  # of the three that heard something


def test_nothing_heard_moves_nothing(learner):
    """One turn and equal rewards: no rollout has a gradient."""
    silent = built([Group.of([rollout("xyCD", 1), rollout("xyEF", 1)])], ECHO, learner)
    before = digest(learner)
    update = stepped(learner, ECHO, silent, 1.0)
    assert update.loss == 0
    assert digest(learner) == before


def test_adapters_learn_observations_and_the_base_stays(folder):
    _, learner = opened(folder, lora=LoRA(rank=4))
    learner.reset_optimizer(AdamW(lr=1e-2))
    frozen = {
        n: p.clone() for n, p in learner.backbone.model.named_parameters() if not p.requires_grad
    }
    batch = built([Group.of([rollout(text, 1) for text in TEXTS])], ECHO, learner)
    values = [stepped(learner, ECHO, batch, 1e-2).metrics["observed_nll"].value for _ in range(4)]
    assert values[-1] < values[0]
    now = dict(learner.backbone.model.named_parameters())
    assert frozen
    assert all(torch.equal(now[name], weight) for name, weight in frozen.items())


def test_truncated_sampling_leaves_observations_their_whole_distribution(learner, plain):
    """Of every sampled token only itself was kept, so each has probability 1."""
    text = "xyCdE"
    kept = kept_column([np.array([token], np.int32).tobytes() for token in (2, 4)])
    one = rollout(text, columns={KEPT: kept})
    batch = built([Group.of([one, replace(one, id="again", seed=1)])], ECHO, learner)
    assert_close(asyncio.run(learner.logp([one])), torch.zeros(2))
    found = stepped(learner, ECHO, batch, 0.0).metrics["observed_nll"]
    with torch.no_grad():
        assert found.value == pytest.approx(-heard(plain[0], one).item(), abs=1e-4)


def test_an_observation_without_a_finite_log_prob_stops_the_step(learner, monkeypatch):
    batch = built([group()], ECHO, learner)
    heard = EmbeddedLearner._heard
    monkeypatch.setattr(
        EmbeddedLearner, "_heard", lambda self, hidden, of: heard(self, hidden, of) / 0
    )
    before = digest(learner)
    with pytest.raises(NonFiniteError, match="1 tasks: t"):
        stepped(learner, ECHO, batch, 1.0)
    assert digest(learner) == before

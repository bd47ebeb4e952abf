"""Candidates of a teacher: log-probs and gradients of both learners against a plain forward."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest
import torch

from whet.engines.embedded.engine import Embedded
from whet.engines.models import FromScratch
from whet.engines.plain.engine import Plain
from whet.engines.tokenizers import CharacterTokenizer
from whet.policy.algorithms import load
from whet.types import Batch, Decoding, Rollout, Span, Task, TrainBatch, UsageError, Version, totals
from whet.types.optimizers import AdamW

MODEL = FromScratch(shape="llama-tiny", tokenizer=CharacterTokenizer(alphabet="0123456789="))
TEXTS = [((3, 4, 5, 6, 7), 2), ((3, 4, 8, 9, 3, 5), 3), ((6, 6), 1)]
COUNT, WARM = 4, 0.7


def rollouts():
    made = []
    for number, (ids, opening) in enumerate(TEXTS):
        said = len(ids) - opening
        made.append(
            Rollout(
                task=Task(id=str(number), prompt=""),
                seed=number,
                token_ids=np.array(ids, np.int32),
                action_mask=np.arange(len(ids)) >= opening,
                behaviour_logp=np.full(said, -1.0, np.float32),
                spans=(Span(said, Version(step=0, digest="w")),),
                decoding=Decoding(temperature=WARM),
            )
        )
    return made


def scores(model):
    """The log-softmax of z / T before every sampled token, by the model's own forward."""
    parts = []
    for ids, opening in TEXTS:
        logits = model(input_ids=torch.tensor([ids])).logits[0, opening - 1 : -1]
        parts.append((logits.double() / WARM).log_softmax(-1))
    return torch.cat(parts)


def batch_of(told, owner):
    logp = torch.full((len(owner),), -1.0)
    return Batch(
        totals=totals(owner, torch.tensor([0, 0, 0])),
        row=owner,
        group=torch.tensor([0, 0, 0]),
        advantage=torch.zeros(len(owner)),
        behaviour_logp=logp,
        proximal_logp=logp,
        taught=torch.ones(len(owner), dtype=torch.bool),
        candidates=told.ids,
        candidate_teacher_logp=told.logp,
    ).counted()


OWNER = torch.tensor([n for n, (ids, opening) in enumerate(TEXTS) for _ in ids[opening:]])
ENGINES = [Embedded(device="cpu"), Embedded(device="cpu", budget=1), Plain(device="cpu")]
EACH = pytest.mark.parametrize("engine", ENGINES, ids=["embedded", "embedded-1", "plain"])


def opened(engine, seed=0):
    _, learner = asyncio.run(engine.open(MODEL, seed))
    learner.reset_optimizer(AdamW(weight_decay=0.0, clip_norm=1e9))
    return learner


@EACH
def test_candidates_are_those_of_a_plain_forward_at_the_rollout_temperature(engine):
    whole, _ = MODEL.load("cpu", 0)
    wanted = scores(whole)
    told = asyncio.run(opened(engine).candidates(rollouts(), COUNT))
    best = wanted.topk(COUNT)
    assert told.ids.tolist() == best.indices.tolist()
    torch.testing.assert_close(told.logp[:, :-1].double(), best.values, atol=2e-5, rtol=0)
    tail = (1 - best.values.exp().sum(1)).log()
    torch.testing.assert_close(told.logp[:, -1].double(), tail, atol=2e-5, rtol=0)


@EACH
def test_a_step_follows_the_gradient_of_the_plain_forward(engine):
    """Mean over tokens of KL(p‖t) over the whole vocabulary, for K = V − 1; of another model's t.

    The first moments of a fresh AdamW are (1 − β₁) g.
    """
    teacher = asyncio.run(opened(ENGINES[0], seed=1).candidates(rollouts(), 99))
    learner = opened(engine)
    update = asyncio.run(
        learner.step(load("sdft"), TrainBatch(rollouts(), batch_of(teacher, OWNER)), 1e-3)
    )
    whole, _ = MODEL.load("cpu", 0)
    other, _ = MODEL.load("cpu", 1)
    own, theirs = scores(whole), scores(other).detach()
    loss = (own.exp() * (own - theirs)).sum(1).mean()
    loss.backward()
    assert update.loss == pytest.approx(loss.item(), abs=1e-5)
    gradient = torch.cat([p.grad.flatten() for p in whole.parameters() if p.grad is not None])
    [group] = learner.optimizer.param_groups
    moments = [learner.optimizer.state[p]["exp_avg"].flatten() for p in group["params"]]
    found = torch.cat(moments) / (1 - group["betas"][0])
    torch.testing.assert_close(found, gradient, atol=1e-5, rtol=1e-3)
    assert gradient.abs().max() > 0.01


def test_no_rollouts_have_no_candidates():
    for engine in (ENGINES[0], ENGINES[2]):
        told = asyncio.run(opened(engine).candidates([], COUNT))
        assert len(told.ids) == len(told.logp) == 0


@EACH
def test_weights_are_replaced_by_name(engine):
    learner, other = opened(engine), opened(engine, seed=1)
    weights = dict(asyncio.run(other.publish()).tensors)
    asyncio.run(learner.set_weights(weights))
    mine, its = (asyncio.run(x.logp(rollouts())) for x in (learner, other))
    torch.testing.assert_close(mine, its, atol=0, rtol=0)
    name = next(iter(weights))
    with pytest.raises(UsageError, match="take the weights of another"):
        asyncio.run(learner.set_weights({k: v for k, v in weights.items() if k != name}))


def test_truncated_sampling_does_not_cut_the_candidates():
    learner = opened(ENGINES[0])
    cut = [replace(r, decoding=Decoding(temperature=WARM, top_k=2)) for r in rollouts()]
    plain, other = (asyncio.run(learner.candidates(x, COUNT)) for x in (rollouts(), cut))
    torch.testing.assert_close(plain.logp, other.logp, atol=0, rtol=0)

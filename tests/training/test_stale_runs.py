"""Runs whose rollouts go on while the learner learns: what is exact, and what is bounded."""

import asyncio
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from small import FirstDigit, followed, small, steps_of, timeless

from whet.engines.embedded.generator import EmbeddedGenerator
from whet.policy import algorithms
from whet.policy.corrections import Truncated
from whet.protocols import Reward
from whet.rollouts.conveyor import Conveyor
from whet.rollouts.lag import ByDeadline, BySubmission, Lag
from whet.training import trainer
from whet.types import Decoding
from whet.types.weights import Drain

DAPO = replace(algorithms.load("dapo"), corrections=(Truncated(),))
EXACT = Lag(staleness=1, flight=Drain(), order=BySubmission())


@dataclass(frozen=True)
class Late(Reward):
    """The first digit, after a wait that depends on the seed."""

    clock: int = 0

    async def score(self, rollout):
        await asyncio.sleep((rollout.seed * (self.clock + 1)) % 7 / 1000)
        return FirstDigit().score(rollout)


def run_of(lag, **changes):
    return small(objective=DAPO, lag=lag, minibatches=1, **changes)


def digest(run, folder):
    return followed(run, folder)[-1].digest


def test_the_conveyor_at_staleness_0_is_the_plain_buffer(tmp_path, monkeypatch):
    plain = digest(run_of(Lag()), tmp_path / "plain")
    monkeypatch.setattr(trainer, "buffer_of", Conveyor)
    assert digest(run_of(Lag()), tmp_path / "conveyor") == plain


@pytest.fixture(scope="module")
def exact(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exact")
    return followed(run_of(EXACT, reward=Late()), folder), folder


def test_drained_and_in_order_the_clock_has_no_influence(exact, tmp_path):
    said, folder = exact
    assert digest(run_of(EXACT, reward=Late(clock=2)), tmp_path / "other") == said[-1].digest
    assert digest(run_of(Lag(), reward=Late()), tmp_path / "fresh") != said[-1].digest


def test_each_step_but_the_first_learns_from_what_the_weights_before_sampled(exact):
    lags = [step.batch.tokens.version_lag for step in steps_of(exact[0])]
    assert [set(lag.tolist()) for lag in lags] == [{0}, *({1},) * (len(lags) - 1)]


@pytest.mark.parametrize("stop", [1, 2, 4])
def test_drained_and_in_order_a_killed_run_is_the_whole(stop, exact, tmp_path):
    said, folder = exact
    followed(run_of(EXACT, reward=Late()), tmp_path, stop)
    assert followed(run_of(EXACT, reward=Late(clock=1)), tmp_path)[-1] == said[-1]
    assert timeless(tmp_path) == timeless(folder)


class Kept:
    """The weights of every version that a generator got."""

    def __init__(self, monkeypatch):
        self.weights, update = {}, EmbeddedGenerator.update

        async def noted(generator, weights, flight):
            self.weights[weights.version] = {k: v.clone() for k, v in weights.tensors.items()}
            return await update(generator, weights, flight)

        monkeypatch.setattr(EmbeddedGenerator, "update", noted)


LONG = Decoding(max_new_tokens=48)


def in_flight(staleness, **changes):
    part = small().sampling
    lag = Lag(staleness=staleness, order=ByDeadline())
    engine = replace(small().engine, slots=8)  # fewer than there are rollouts, so some wait
    changes = {"warmup": (), "engine": engine, "sampling": replace(part, decoding=LONG)} | changes
    return run_of(lag, reward=Late(), **changes)


@pytest.fixture(params=[1, 3])
def interrupted(request, tmp_path, monkeypatch):
    kept, run = Kept(monkeypatch), in_flight(request.param)
    return request.param, kept, run, steps_of(followed(run, tmp_path / "run"))


def test_every_ticket_is_learned_from_once_and_in_time(interrupted):
    k, _, run, steps = interrupted
    numbers = [group.ticket for step in steps for group in step.taken.groups]
    assert sorted(numbers) == list(range(run.steps * run.sampling.tickets))
    lags = np.concatenate([step.batch.tokens.version_lag.numpy() for step in steps])
    assert lags.min() == 0
    assert 1 <= lags.max() <= k


def test_each_token_has_the_log_prob_of_its_own_version(interrupted):
    """Recomputed by a fresh model with the weights of the version that the span names."""
    _, kept, run, steps = interrupted
    rollouts = [r for step in steps for r in step.batch.rollouts]
    several = [r for r in rollouts if len({span.version for span in r.spans}) > 1]
    assert several, "no rollout was interrupted"

    async def recomputed(version):
        _, learner = await run.engine.open(run.model, run.seed)
        await learner.set_weights(kept.weights[version])
        return await learner.logp(rollouts)

    owner = [s.version for r in rollouts for s in r.spans for _ in range(s.tokens)]
    behaviour = torch.from_numpy(np.concatenate([r.behaviour_logp for r in rollouts]))
    for version in dict.fromkeys(owner):
        mine = torch.tensor([other == version for other in owner])
        gap = (asyncio.run(recomputed(version)) - behaviour)[mine].abs().max().item()
        assert gap <= 2e-6, version


def test_a_killed_run_has_every_ticket_once_and_none_too_old(tmp_path):
    run = in_flight(3)
    told = [*steps_of(followed(run, tmp_path, 3)), *steps_of(followed(run, tmp_path))]
    steps = {step.number: step for step in told}  # the last one before a kill is taken again
    numbers = [group.ticket for step in steps.values() for group in step.taken.groups]
    assert sorted(numbers) == list(range(run.steps * run.sampling.tickets))
    assert max(step.batch.tokens.version_lag.max().item() for step in steps.values()) <= 3

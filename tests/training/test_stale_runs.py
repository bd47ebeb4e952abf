"""Runs whose rollouts go on while the learner learns: what is exact, and what is bounded."""

import asyncio
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from small import FirstDigit, followed, small, steps_of, timeless

from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.generator import EmbeddedGenerator
from whet.policy import algorithms
from whet.policy.corrections import Truncated
from whet.protocols import Reward
from whet.rollouts.conveyor import Conveyor
from whet.rollouts.lag import ByDeadline, BySubmission, Lag
from whet.training import trainer
from whet.types import Decoding
from whet.types.weights import Continue, Drain

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

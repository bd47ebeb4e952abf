"""Runs whose rollouts go on while the learner learns: what is exact, and what is bounded."""

import asyncio
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from small import FirstDigit, followed, small, steps_of, timeless
from witnessed import Answers, opened

from whet.engines.embedded.generator import EmbeddedGenerator
from whet.policy import algorithms
from whet.policy.corrections import Truncated
from whet.protocols import Reward
from whet.rollouts.conveyor import Conveyor
from whet.rollouts.lag import ByDeadline, BySubmission, Lag
from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.sampling.replay.prioritised_replay import PrioritisedReplay
from whet.training import trainer
from whet.training.beside import beside
from whet.training.ticket_runner import TicketRunner
from whet.training.validation import validate
from whet.types import Decoding, IntegrityError, Request, Ticket, UsageError, Verdict
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
    return small(**{"objective": DAPO, "lag": lag, "minibatches": 1} | changes)


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
    engine = replace(small().engine, slots=3)  # decoding takes longer than learning
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


@dataclass(frozen=True)
class Broken(Reward):
    """It fails on one seed in twenty-nine."""

    def score(self, rollout):
        if rollout.seed % 29 == 0:
            return Verdict.unjudged("x")
        return FirstDigit().score(rollout)


@pytest.mark.parametrize("k", [0, 2])
def test_the_limit_of_faults_is_for_a_step_and_not_for_a_ticket(k, tmp_path):
    run = run_of(Lag(staleness=k), reward=Broken())
    steps = steps_of(followed(run, tmp_path / "run"))
    faults = [sum(r.verdict.fault for g in step.sampled for r in g) for step in steps]
    assert len(steps) == run.steps
    assert sum(faults) > 0
    strict = replace(run, limits=replace(run.limits, faults=0.001))
    with pytest.raises(IntegrityError, match=r"verifier faults: \d of 16 rollouts"):
        followed(strict, tmp_path / "strict")


def test_the_seconds_of_judging_are_those_of_each_step(tmp_path):
    """All tickets of four steps are launched in the first one, and each step has its queue."""
    run = run_of(Lag(staleness=3))
    live = asyncio.run(opened(run, tmp_path))
    runner = TicketRunner.of(run, live, 0)
    request = Request.of(run.corpus.task("train", 0), (1,), run.decoding)
    queues = [runner._runner([Ticket(number=n, request=request)]).queue for n in (0, 3, 4, 4, 15)]
    assert [queue is queues[0] for queue in queues] == [True, True, False, False, False]
    assert queues[2] is queues[3] is not queues[4]
    assert queues[0] is runner.runner.queue


def test_an_error_of_the_thread_is_raised_also_after_an_interrupt():
    async def interrupted():
        async def failing():
            await asyncio.sleep(0.1)
            raise ZeroDivisionError

        task = asyncio.ensure_future(beside(failing()))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(ZeroDivisionError):
            await task

    asyncio.run(interrupted())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"objective": algorithms.load("dapo")}, "nothing corrects for tokens of older weights"),
        ({"objective": replace(algorithms.load("luffy"), corrections=(Truncated(),))}, "compares"),
        ({"sampling": replace(small().sampling, gate=NonZeroSpread(oversample=2.0))}, "oversample"),
        ({"sampling": replace(small().sampling, replay=PrioritisedReplay())}, "sampling.replay"),
    ],
)
def test_what_does_not_go_with_stale_rollouts_is_refused(changes, told):
    run = run_of(Lag(staleness=2), demonstrator=Answers(), **changes)
    with pytest.raises(UsageError, match=f"lag.staleness is 2, .*{told}"):
        validate(run)
    validate(replace(run, lag=Lag()))


def test_on_trust_nothing_is_asked():
    validate(replace(run_of(Lag(staleness=2, on_trust=True)), objective=algorithms.load("dppo")))

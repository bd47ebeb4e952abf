"""Filter and refill through the buffer, alone and with orders that skip before the rollouts."""

import asyncio
import json
from dataclasses import replace
from math import comb

import pytest
from bernoulli_pool import FinitePool, group, now, played, rng, rollout, setup
from small import Digits, followed, small, timeless

from whet.data.pool import Pool
from whet.policy.inspection import errors
from whet.rollouts.buffer import Buffer
from whet.sampling.dynamic.admit_all import AdmitAll
from whet.sampling.dynamic.difficulty_pools import DifficultyPools
from whet.sampling.dynamic.drop_solved import DropSolved
from whet.sampling.dynamic.failure_proportional import FailureProportional
from whet.sampling.dynamic.greso import Greso
from whet.sampling.dynamic.learnability import Learnability
from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.sampling.dynamic.prompt_replay import PromptReplay
from whet.sampling.dynamic.rate_band import RateBand
from whet.sampling.dynamic.score_spread import ScoreSpread
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.types import Decoding, Group, RunSpec

ALONE = RunSpec(samples=1, max_new_tokens=8, steps=10, minibatches=1)


def chance(p, rollouts):
    """P(the gate admits a group), summed over all numbers of right rollouts."""
    return sum(
        comb(rollouts, right) * p**right * (1 - p) ** (rollouts - right)
        for right in range(rollouts + 1)
        if NonZeroSpread()(group(right, rollouts - right))
    )


@pytest.mark.parametrize(
    ("p", "rollouts", "expected"),
    [(0.01, 8, 0.077), (0.05, 8, 0.337), (0.125, 8, 0.656), (0.5, 8, 0.992), (0.5, 4, 0.875)],
)
def test_the_gate_admits_a_group_with_the_chance_that_it_is_mixed(p, rollouts, expected):
    assert chance(p, rollouts) == pytest.approx(1 - p**rollouts - (1 - p) ** rollouts)
    assert chance(p, rollouts) == pytest.approx(expected, abs=6e-4)
    assert chance(1 - p, rollouts) == pytest.approx(chance(p, rollouts))


class Played:
    """A strategy behind a buffer; results follow from the rates, the task and the ticket."""

    def __init__(self, sampling, tasks=30, rates=(0.01, 0.5, 0.99)):
        self.sampling, self.rates = sampling, rates
        self.strategy = sampling.open(setup(FinitePool(tasks)))
        self.buffer = Buffer(sampling, self.strategy)
        self.launched = []

    def taken(self, step):
        async def play(tickets):
            self.launched.append([(t.key, t.request.task.id) for t in tickets])
            return [(ticket, (self.landed(ticket),)) for ticket in tickets]

        return asyncio.run(self.buffer.take(now(step), play))

    def landed(self, ticket):
        task = ticket.request.task
        rate = self.rates[int(task.id) % len(self.rates)]
        rollouts = [
            replace(
                rollout(rng(play.seed).random() < rate, 0),
                task=task,
                seed=play.seed,
                ticket=ticket.number,
                id=f"{ticket.key}/{play.seed}",
            )
            for play in ticket.request.plays
        ]
        return Group.of(rollouts, ticket.number)


def sampled(prompts=None, *, rollouts=8, **gate):
    prompts = prompts or Uniform(per_step=6)
    return Standard(prompts=prompts, size=Fixed(rollouts=rollouts), gate=NonZeroSpread(**gate))


def mixed(found):
    return len({r.verdict.correct for r in found}) > 1


def test_2_62_groups_are_played_for_each_one_with_a_gradient():
    """Rates of 0.01, 0.5 and 0.99, 8 rollouts: (0.077 + 0.992 + 0.077) / 3 = 0.382 are mixed."""
    run = Played(sampled(Uniform(per_step=60), max_rounds=30), tasks=300)
    steps = [run.taken(step) for step in range(4)]
    played, learned = (sum(len(getattr(s, n)) for s in steps) for n in ("played", "groups"))
    assert learned == 4 * 60 and all(s.missing == s.dropped == 0 for s in steps)
    assert played / learned == pytest.approx(2.62, abs=0.35)
    admitted = sum(sum(s.admitted) for s in steps)
    assert admitted / played == pytest.approx(0.382, abs=0.05)


def test_exactly_the_mixed_groups_are_learned_from():
    found = Played(sampled(max_rounds=0)).taken(0)
    assert [g.task.id for g in found.groups] == [g.task.id for g in found.played if mixed(g)]
    assert found.missing == 6 - len(found.groups) > 0


def test_the_cap_is_honoured_and_the_step_learns_from_what_there_is():
    """As in DAPO: three times the batch at once, ten generation batches at most."""
    run = Played(sampled(max_rounds=9, oversample=3.0), rates=(0.01, 0.99, 0.99, 0.01))
    found = run.taken(0)
    assert found.rounds == len(run.launched) <= 10
    assert [len(r) for r in run.launched][0] == 18
    assert all(map(mixed, found.groups)) and len(found.groups) + found.missing == 6
    hopeless = Played(sampled(max_rounds=2), rates=(0.05,)).taken(0)
    assert hopeless.rounds == 3 and hopeless.missing > 0 and hopeless.groups
    assert all(map(mixed, hopeless.groups))


def test_groups_of_one_rollout_are_refused_with_a_remedy():
    """One rollout has no spread; the gate would pass or reject everything."""
    [said] = errors(NonZeroSpread(), ALONE)
    assert "admit_all" in said
    assert not NonZeroSpread()(group(1, 0))


ORDERS = (
    Uniform(per_step=3),
    Greso(per_step=3),
    Learnability(per_step=3),
    RateBand(per_step=3),
    FailureProportional(per_step=3),
    DifficultyPools(per_step=3),
    DropSolved(per_step=3, every=2),
    PromptReplay(per_step=3, cooldown=1),
)
RATES = (0.2, 0.5, 0.9)
GATES = (AdmitAll(), NonZeroSpread(max_rounds=3, oversample=1.5), ScoreSpread(max_rounds=1))


def outcome(run, step):
    found = run.taken(step)
    return (
        [(g.ticket, [(r.id, r.verdict.correct) for r in g]) for g in found.groups],
        {name: (mean.total, mean.count) for name, mean in found.metrics.items()},
        run.launched[-found.rounds :],
    )


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: type(gate).__name__)
@pytest.mark.parametrize("prompts", ORDERS, ids=lambda order: type(order).__name__)
def test_a_resumed_stream_is_the_same(prompts, gate):
    sampling = Standard(prompts=prompts, size=Fixed(rollouts=3), gate=gate)
    whole, resumed = Played(sampling, rates=RATES), Played(sampling, rates=RATES)
    for step in range(4):
        whole.taken(step)
    resumed.strategy.load_state_dict(json.loads(json.dumps(whole.strategy.state_dict())))
    for step in range(4, 7):
        assert outcome(whole, step) == outcome(resumed, step)


def played_and_missing(prompts):
    """Over the last steps: played groups, and groups that were missing."""
    gate = NonZeroSpread(max_rounds=8, oversample=1.67)
    run = Played(Standard(prompts=prompts, size=Fixed(rollouts=4), gate=gate), tasks=24)
    found = [run.taken(step) for step in range(20)][12:]
    return sum(len(step.played) for step in found), sum(step.missing for step in found)


def test_a_gate_that_refills_and_greso_keep_the_batch_full_for_fewer_rollouts():
    plain, _ = played_and_missing(Uniform(per_step=6))
    skipping, missing = played_and_missing(Greso(per_step=6))
    assert missing == 0
    assert skipping < 0.75 * plain


def share_of_mixed(prompts):
    """Of a pool with p in {0.01, 0.5, 0.99}, over the last steps."""
    source = prompts.open(setup(FinitePool(60)))
    results = [
        right
        for step in range(60)
        for right in played(
            source, step, 6, lambda t: (0.01, 0.5, 0.99)[int(t.id) % 3], rng=rng("play", step)
        )[1]
    ][120:]
    return sum(0 < right < 8 for right in results) / len(results)


@pytest.mark.parametrize(
    ("prompts", "least"),
    [
        (Greso(per_step=6), 0.6),
        (Learnability(per_step=6), 0.44),
        (RateBand(per_step=6), 0.6),
        (PromptReplay(per_step=6, cooldown=2), 0.6),
    ],
    ids=str,
)
def test_orders_raise_the_yield_of_mixed_groups_above_38_percent(prompts, least):
    assert share_of_mixed(Uniform(per_step=6)) == pytest.approx(0.382, abs=0.08)
    assert share_of_mixed(prompts) > least


@pytest.mark.full
def test_a_killed_run_that_skips_tasks_ends_as_the_whole(tmp_path):
    sampling = Standard(
        prompts=Greso(per_step=4),
        size=Fixed(rollouts=2),
        decoding=Decoding(max_new_tokens=2),
        gate=NonZeroSpread(max_rounds=2),
    )
    run = small(sampling=sampling, corpus=Pool(corpus=Digits(), tasks=9), steps=3)
    whole = followed(run, tmp_path / "whole")[-1]
    followed(run, tmp_path / "cut", stop_after=2)
    assert followed(run, tmp_path / "cut")[-1] == whole
    rows = timeless(tmp_path / "whole")
    assert timeless(tmp_path / "cut") == rows
    assert sum(r["metrics"]["skipped"]["value"] for r in rows if r["kind"] == "step") > 0

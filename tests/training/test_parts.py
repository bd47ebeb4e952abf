"""Batches, ledger and warm-up, one by one."""

import asyncio
import json
from dataclasses import replace
from math import inf, nan
from random import Random

import pytest
import torch
from fakes import fake
from recorded import recorded
from small import RUN, Repeats

from whet.policy import algorithms
from whet.protocols import Learner, Renderer, Update
from whet.rollouts.batching import build_batch
from whet.training.as_json import to_json
from whet.training.card import differences
from whet.training.ledger import METRICS, Ledger
from whet.training.run import Warmup
from whet.training.warmup import WarmupProgress, sft
from whet.types import (
    Group,
    IntegrityError,
    Mean,
    Reason,
    Rollout,
    Task,
    UsageError,
    Verdict,
    Version,
)
from whet.types.optimizers import AdamW, ConstantDecay, CosineDecay, LinearDecay

TASK = Task(id="t", prompt="", answer="")
FAULT = Verdict.unjudged("away")
IDLE = fake(Learner, version=0)  # a learner that isn't asked
CENTRED = algorithms.load("dr_grpo")


def scored(score: float) -> Verdict:
    return Verdict(reason=Reason.OK, score=score)


def rollout(length: int, verdict: Verdict | None, seed: int = 0, **more) -> Rollout:
    return recorded(
        task=TASK,
        seed=seed,
        tokens=(0, 1) * length,
        chosen=(False, True) * length,
        behaviour_logp=(-0.5,) * length,
        verdict=verdict,
        **more,
    )


def grouped(number, *rollouts, **more) -> Group:
    return Group(task=TASK, rollouts=(), ticket=number).joined(rollouts)


def built(groups, objective=CENTRED, learner=IDLE):
    batch, _ = asyncio.run(build_batch(groups, objective, learner))
    return batch


def test_a_batch_by_hand():
    """Scores 1 and 0: Â = ½ on two tokens, −½ on one.  The second group chose nothing."""
    groups = [
        grouped(0, rollout(2, scored(1.0)), rollout(1, scored(0.0))),
        grouped(1, rollout(0, scored(1.0))),
    ]
    batch = built(groups)
    assert list(batch.rollouts) == [r for group in groups for r in group]
    assert batch.tokens.row.tolist() == [0, 0, 1]
    assert batch.tokens.group.tolist() == [0, 0, 1]
    assert batch.tokens.advantage.tolist() == [0.5, 0.5, -0.5]
    totals = batch.tokens.totals
    assert (totals.tokens, totals.rollouts, totals.groups) == (3, 2, 1)


def test_a_fault_is_neither_learned_from_nor_compared_with():
    sound = (rollout(2, scored(1.0)), rollout(1, scored(0.0)))
    faulty = rollout(3, FAULT, seed=1)
    kept = built([grouped(0, *sound, faulty), grouped(1, faulty)])
    wanted = built([grouped(0, *sound)])
    assert list(kept.rollouts) == list(wanted.rollouts)
    assert kept.tokens.totals == wanted.tokens.totals
    assert torch.equal(kept.tokens.advantage, wanted.tokens.advantage)


def test_what_is_not_learned_from_counts_in_the_baseline_only():
    """Scores 1, 0, 2: the mean is 1.  The third is compared with, and has no token in the batch."""
    three = grouped(0, *(rollout(n, scored(x), seed=n) for n, x in ((2, 1.0), (1, 0.0), (4, 2.0))))
    batch = built([replace(three, learn=(True, True, False))])
    assert [r.seed for r in batch.rollouts] == [2, 1]
    assert batch.tokens.advantage.tolist() == [0, 0, -1]
    assert batch.tokens.totals.tokens == 3


def test_the_same_rollout_twice_is_noticed():
    one = rollout(2, scored(1.0))
    with pytest.raises(IntegrityError, match="twice"):
        built([Group.of([one, one])])


def test_tokens_of_others_and_tokens_of_older_weights_are_told_apart():
    old = rollout(2, scored(1.0), seed=1, version=Version(step=3, digest="old"))
    shown = rollout(2, scored(1.0), seed=2, forced=2)
    mixed = rollout(3, scored(0.0), seed=3, forced=1, version=Version(step=5, digest="now"))
    batch = built([grouped(0, old, shown, mixed)], learner=fake(Learner, version=5)).tokens
    assert batch.external is not None and batch.version_lag is not None
    assert batch.external.tolist() == [False] * 2 + [True] * 2 + [True, False, False]
    assert batch.version_lag.tolist() == [2, 2, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    "groups", [[], [grouped(0, rollout(2, FAULT))], [grouped(0, rollout(0, scored(1.0)))]]
)
def test_nothing_to_learn_from_is_a_batch_too(groups):
    batch = built(groups)
    assert batch.tokens.totals.tokens == len(batch.tokens.row) == len(batch.tokens.advantage) == 0
    assert batch.minibatches(3, Random(0))[0].tokens.totals.tokens == 0


def test_a_rollout_without_a_verdict_is_an_error():
    with pytest.raises(ValueError, match="give the run a reward"):
        built([grouped(0, rollout(1, None))])


def test_minibatches_are_whole_groups_with_totals_of_their_own():
    groups = [
        grouped(g, rollout(g + 1, scored(1.0)), rollout(1, scored(0.0), seed=1)) for g in range(5)
    ]
    batch = built(groups)
    parts = batch.minibatches(2, Random(0))
    assert sum(part.tokens.totals.tokens for part in parts) == batch.tokens.totals.tokens
    assert sum(part.tokens.totals.groups for part in parts) == 5
    for part in parts:
        assert len(part.rollouts) == part.tokens.totals.rollouts
        lengths = sum(r.length for r in part.rollouts)
        assert part.tokens.totals.tokens == len(part.tokens.row) == lengths
    assert len(batch.minibatches(9, Random(0))) == 5


@pytest.mark.parametrize(("reason", "score"), [("ok", nan), ("wrong", inf), ("verifier_error", 0)])
def test_a_fault_is_not_a_zero_and_a_failure_is_a_number(reason, score):
    with pytest.raises(ValueError, match="can't have score"):
        Verdict(reason=Reason(reason), score=float(score))


def test_flags_and_log_probs_must_fit_the_tokens():
    with pytest.raises(ValueError, match="3 tokens, 3 mask flags, 2 set, 1 log-probs"):
        recorded(task=TASK, tokens=(1, 2, 3), chosen=(False, True, True), behaviour_logp=(0,))


def test_the_ledger_forgets_what_came_after_and_what_was_cut_short(tmp_path):
    ledger = Ledger(tmp_path)
    for step in range(4):
        ledger.write("step", (1, step), {"loss": Mean(total=2.0, count=4)})
    with (tmp_path / METRICS).open("a") as file:
        file.write('{"kind": "step", "pha')
    assert [row["step"] for row in ledger.rows()] == [0, 1, 2, 3]
    ledger.rewind((1, 1))
    rows = [json.loads(line) for line in (tmp_path / METRICS).read_text().splitlines()]
    assert [row["step"] for row in rows] == [0, 1]
    assert rows[0]["metrics"]["loss"] == {"value": 0.5, "of": 4}


def test_a_ledger_with_a_broken_line_in_it_is_not_believed(tmp_path):
    (tmp_path / METRICS).write_text('{"kind": \n{"kind": "step"}\n')
    with pytest.raises(IntegrityError, match="line 1 is no row"):
        list(Ledger(tmp_path).rows())


def test_a_mean_over_nothing_is_null_in_the_ledger(tmp_path):
    Ledger(tmp_path).write("step", (0, 0), {"correct": Mean()})
    assert '"correct": {"value": null, "of": 0.0}' in (tmp_path / METRICS).read_text()


def test_means_know_their_denominators():
    joined = Mean(total=1, count=2) + Mean(total=5, count=4)
    assert joined.value == 1.0


@pytest.mark.parametrize(
    ("decay", "factors"),
    [
        (ConstantDecay(), [1, 1, 1]),
        (ConstantDecay(warmup=2), [0.5, 1, 1]),
        (LinearDecay(), [1, 0.5, 0]),
        (LinearDecay(floor=0.2), [1, 0.6, 0.2]),
        (CosineDecay(floor=0.0), [1, 0.5, 0]),
        (CosineDecay(floor=0.1), [1, 0.55, 0.1]),
    ],
)
def test_rates(decay, factors):
    rates = [AdamW(lr=2.0, decay=decay).lr_at(step, 100) for step in (0, 50, 100)]
    assert rates == pytest.approx([2 * f for f in factors])


def descending(losses, rates):
    """A learner whose loss is what the test says, and that notes its rates."""
    following = iter(losses)

    async def step(objective, batch, lr):
        rates.append(lr)
        return Update(loss=next(following), drift_max=0.0, metrics={})

    return fake(Learner, step=step, version=0)


def taught(warmup, learner):
    render = fake(Renderer, demonstration=lambda task, reply: rollout(1, None))

    async def follow():
        return [lesson async for lesson in sft(warmup, learner, render, 0, WarmupProgress())]

    return asyncio.run(follow())


def test_a_warm_up_cools_down_when_its_loss_is_low_enough():
    warmup = Warmup(
        teacher=Repeats(), steps=300, batch=1, optimizer=AdamW(lr=1.0), until=0.5, cooldown=10
    )
    rates = []
    learner = descending([1.0] * 120 + [0.0] * 300, rates)
    lessons = taught(warmup, learner)
    below = next(i for i in range(99) if 0.9**i < 0.5)
    assert len(lessons) == 120 + below + 10
    assert rates[: 120 + below] == [1.0] * (120 + below)
    assert rates[-1] == pytest.approx(1 - 0.9 * 9 / 10)


def test_a_warm_up_that_never_gets_there_ends_too():
    warmup = Warmup(
        teacher=Repeats(), steps=20, batch=1, optimizer=AdamW(lr=1.0), until=0.5, cooldown=5
    )
    learner = descending([1.0] * 99, [])
    assert len(taught(warmup, learner)) == 25


def test_values_on_the_card_differ_by_name():
    one, other = to_json(RUN), to_json(replace(RUN, optimizer=AdamW(lr=0.5)))
    assert differences(one, to_json(RUN)) == []
    assert differences(one, other) == [("optimizer.lr", 0.001, 0.5)]
    longer = to_json(replace(RUN, warmup=RUN.warmup * 2))
    assert len(differences(one, longer)) == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"steps": -1}, "steps is -1"),
        ({"minibatches": 0}, "minibatches is 0"),
        ({"seed": -4}, "seed -4"),
    ],
)
def test_runs_that_cannot_be_are_refused(change, told):
    with pytest.raises(UsageError, match=told):
        replace(RUN, **change)

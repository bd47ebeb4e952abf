"""A number that is none, from whatever kind of judge: a fault of that rollout, and no zero."""

from dataclasses import dataclass, replace
from math import inf, isnan, nan
from typing import Any

import numpy as np
import pytest
import torch
from said import asked, replied, together
from small import FirstDigit, followed, small, steps_of

from whet.protocols import GroupReward, Reward
from whet.rewards.judging.numbers import sound
from whet.rollouts.endings import ended
from whet.training.ledger import Ledger
from whet.types import Reason, Verdict

RIGHT = Verdict.binary(correct=True)
GROUP = together(replied(text, seed=seed) for seed, text in enumerate(("42", "7", "42")))


class Odd:
    """`value` in a field of the verdict of the rollout with seed 1; the verdict itself is made
    without a look at it, as a user's own class of verdicts may be.
    """

    def __init__(self, field: str, value: Any) -> None:
        self.field, self.value = field, value

    def of(self, rollout):
        found = replace(RIGHT)
        if rollout.seed == 1:
            object.__setattr__(found, self.field, self.value)
        return found


class Single(Odd, Reward):
    """A judge of rollouts."""

    def score(self, rollout):
        return self.of(rollout)


class Together(Odd, GroupReward):
    """A judge of groups."""

    async def score_group(self, group, context):
        return [self.of(rollout) for rollout in group]


NONE = [
    ("score", nan),
    ("score", inf),
    ("score", 1e39),
    ("score", 10**400),
    ("score", np.float32("nan")),
    ("score", torch.tensor(-inf)),
    ("score", "1.0"),
    ("score", None),
    ("score", 1 + 0j),
    ("score", np.ones(2)),
    ("measured", nan),
    ("parts", {"style": 1.0, "form": nan}),
    ("parts", {"style": 1e39}),
    ("parts", [0.5]),
    ("credit", (0.0, nan)),
    ("credit", np.array([0.0, inf])),
    ("credit", (0.0, None)),
    ("credit", (0.0, 1e39)),
    ("turn_rewards", (-inf,)),
    ("turn_rewards", torch.tensor([nan])),
    ("turn_rewards", "1"),
    ("correct", 0.5),
    ("correct", "yes"),
]


@pytest.mark.parametrize("kind", [Single, Together])
@pytest.mark.parametrize(
    ("field", "value"), NONE, ids=[f"{f}-{i}" for i, (f, _) in enumerate(NONE)]
)
def test_it_is_a_fault_of_that_rollout_alone(kind, field, value):
    found = asked(kind(field, value), GROUP)
    assert [v.fault for v in found] == [False, True, False]
    assert isnan(found[1].score)  # NaN: masked, and not 0
    assert field in found[1].note and "'t'" in found[1].note and kind.__name__ in found[1].note


@pytest.mark.parametrize("kind", [Single, Together])
@pytest.mark.parametrize(
    ("field", "value", "plain"),
    [
        ("score", True, 1.0),
        ("score", 1, 1.0),
        ("score", np.float32(0.5), 0.5),
        ("score", torch.tensor(0.5), 0.5),
        ("score", -3e38, -3e38),
        ("correct", np.bool_(0), False),
        ("parts", {"form": np.float64(0.25)}, {"form": 0.25}),
        ("credit", [0, 1], (0.0, 1.0)),
        ("credit", torch.tensor([0.5, 1.5]), (0.5, 1.5)),
        ("turn_rewards", np.array([2.0]), (2.0,)),
    ],
)
def test_its_healthy_twin_is_a_plain_number(kind, field, value, plain):
    found = asked(kind(field, value), GROUP)
    assert not any(v.fault for v in found)
    kept = getattr(found[1], field)
    assert kept == plain and type(kept) is type(plain)


class Meter:
    """Somebody's number, which can't be read."""

    def __repr__(self):
        return "Meter()"  # without an address, so that all processes collect the same tests

    def item(self):
        raise RuntimeError("no value")


@pytest.mark.parametrize("kind", [Single, Together])
@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("measured", Meter(), "can't be read: RuntimeError: no value"),
        ("correct", torch.zeros((), device="meta"), "can't be read"),
        ("credit", torch.zeros(2, device="meta"), "can't be read"),
        ("parts", {None: 1.0}, "parts with the name None"),
        ("reason", "perhaps", "reason 'perhaps', which is none of Reason"),
        ("finish", "perhaps", "finish 'perhaps', which is none of Finish"),
        ("answer", ["42"], "answer ['42'], which is no text"),
        ("note", 3, "note 3, which is no text"),
    ],
    ids=str,
)
def test_what_can_not_be_read_stored_or_counted_is_a_fault(kind, field, value, said):
    found = asked(kind(field, value), GROUP)
    assert found[1].fault and said in found[1].note and "'t'" in found[1].note


@pytest.mark.parametrize("value", [None, "x", nan, inf, -5.0, Meter()], ids=str)
def test_a_cost_that_is_no_time_is_the_time_of_the_call(value):
    assert all(0 < v.cost_ms < inf for v in asked(Single("cost_ms", value), GROUP))


@pytest.mark.parametrize(
    ("field", "value", "plain"),
    [("reason", "ok", Reason.OK), ("note", None, ""), ("answer", "4\ud800", "4?")],
)
def test_a_word_for_a_reason_and_half_a_pair_are_mended(field, value, plain):
    assert getattr(asked(Single(field, value), GROUP)[1], field) == plain


def test_a_failure_that_is_named_by_its_word_is_counted():
    lost = Verdict.unjudged("down")
    object.__setattr__(lost, "reason", "verifier_error")
    assert lost.fault is False and sound(lost, "t", "Judge").fault


def test_a_sound_verdict_is_itself():
    whole = replace(RIGHT, parts={"a": 1.0}, credit=(0.1, 0.2), turn_rewards=(1.0,))
    assert sound(whole, "t", "Judge") is whole
    masked = Verdict.unjudged("down")
    assert sound(masked, "t", "Judge") is masked


def test_a_score_that_a_verdict_refuses_names_its_task():
    class Infinite(Reward):
        def score(self, rollout):
            return replace(RIGHT, score=inf)

    for found in asked(Infinite(), GROUP):
        assert found.fault and "'t'" in found.note and "inf" in found.note


@pytest.mark.parametrize(("value", "fault"), [((nan,), True), ((2.0,), False)])
def test_the_turn_rewards_of_a_world_are_looked_at_too(value, fault):
    played = ended(replace(GROUP[0], verdict=replace(RIGHT, turn_rewards=value)))
    assert played.verdict.fault is fault
    assert played.verdict.credit == (() if fault else (0.0, 2.0))


@dataclass(frozen=True)
class Seldom(Reward):
    """The first digit, with a credit that is no number for one seed in four."""

    value: float

    def score(self, rollout):
        credit = (self.value if rollout.seed % 4 == 0 else 1.0,) * rollout.length
        return replace(FirstDigit().score(rollout), credit=credit)


@pytest.mark.parametrize("value", [nan, 1.0])
def test_a_run_masks_and_counts_them(tmp_path, value):
    run = small(reward=Seldom(value), steps=2, warmup=())
    run = replace(run, limits=replace(run.limits, faults=0.9))
    for step in steps_of(followed(run, tmp_path)):
        everything = [r for group in step.taken.played for r in group]
        odd = [r for r in everything if r.seed % 4 == 0 and r.length]
        masked = [r for r in everything if r.verdict.fault]
        assert masked == (odd if isnan(value) else [])
        assert not {r.id for r in masked} & {r.id for r in step.batch.rollouts}
        row = [r for r in Ledger(tmp_path).rows() if r["kind"] == "step"][step.number]
        assert row["metrics"]["faults"] == {"value": len(masked) / 16, "of": 16}

"""A run that learned nothing: the doctor says so and why, and says nothing of one that learned."""

import pytest
from doctor_rows import BASE, evaluation, metric, training
from small import FirstDigit, followed, small

from whet.training.doctor import Doctor
from whet.training.ledger import Ledger
from whet.types.optimizers import AdamW


def told(*evaluations, **changes):
    found = Doctor().examine([*training(**changes), *evaluations])
    return [f for f in found if "learned nothing" in f.message or "little left" in f.message]


STILL = evaluation("final", 6)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"taught": 0.0, "varied": 0.0}, "no token had a gradient (0 of 60)"),
        ({"varied": 0.0}, "rewards varied in 0 of 60 groups"),
        ({"reward_min": 0.5, "reward_max": 0.5}, "every reward was 0.5"),
        ({"lr": 1e-9}, "add up to 6e-09"),
        ({"admitted": 0.0}, "the gate admitted 0 of 60 groups"),
        ({"truncated": 1.0}, "60 of 60 of the rollouts were cut off"),
        ({"clipped": 1.0}, "60 of 60 of the tokens were clipped"),
        ({"faults": 1.0}, "60 of 60 of the rollouts could not be judged"),
    ],
)
def test_the_reason_is_said_with_its_numbers(changes, why):
    [finding] = told(BASE, STILL, **changes)
    assert finding.bad and why in finding.message
    assert told(BASE, evaluation("final", 6, 0.8), **changes) == []  # its healthy twin


def test_equal_weights_are_told_by_their_digest():
    [finding] = told(BASE, STILL | {"digest": BASE["digest"]})
    assert finding.bad and "by their digest" in finding.message


def test_without_a_reason_it_is_a_note():
    [finding] = told(BASE, STILL)
    assert not finding.bad and "do not say why" in finding.message


def test_what_was_known_before_is_no_problem():
    full = [evaluation(kind, 0, 1.0) for kind in ("base", "final")]
    [finding] = told(*full, varied=0.0)
    assert not finding.bad and "little left to learn" in finding.message


@pytest.mark.parametrize(("reward", "little"), [(30.0, False), (99.0, True)])
def test_where_correct_is_a_threshold_the_height_of_the_reward_tells(reward, little):
    """Every reward is 1 or more, so every reply counts as correct."""
    ends = [evaluation(kind, step, 1.0, reward) for kind, step in (("base", 0), ("final", 6))]
    changes = {"reward": reward, "reward_max": 100.0, "correct": 1.0, "shaped": 0.0, "lr": 0.0}
    [finding] = told(*ends, **changes)
    assert finding.bad is not little and ("little left" in finding.message) is little
    said = [f.message for f in Doctor().examine([*training(**changes), *ends])]
    assert any("every reply counts as correct, which means a score of 1" in m for m in said)


def test_groups_of_one_need_not_vary():
    rows = [*training(varied=0.0, lr=1e-9), BASE, STILL]
    for row in rows:
        row["metrics"]["reward_std_within"] = metric(None, 0)
    [finding] = [f for f in Doctor().examine(rows) if "learned nothing" in f.message]
    assert "varied" not in finding.message and "add up to" in finding.message


@pytest.mark.parametrize("same", [True, False])
def test_a_few_steps_that_moved_nothing_are_told(same):
    last = evaluation("final", 2) | ({"digest": BASE["digest"]} if same else {})
    found = [f for f in Doctor().examine([*training(2), BASE, last]) if "learned" in f.message]
    assert [f.bad for f in found] == [False] * same
    unmoved = Doctor().examine([BASE, last])  # no step was asked for
    assert not [f for f in unmoved if "learned" in f.message]


def test_without_evaluations_the_training_curves_tell():
    [finding] = told(varied=0.0)
    assert finding.bad and "rewards varied in 0 of 60" in finding.message
    rows = training(varied=0.0)
    for place, row in enumerate(rows):
        row["metrics"] = row["metrics"] | {"reward": metric(place / 10, 10)}
    assert not [f for f in Doctor().examine(rows) if "learned nothing" in f.message]


@pytest.mark.parametrize(("lr", "same"), [(0.0, True), (1e-3, False)])
def test_a_rate_of_zero_in_a_real_run(tmp_path, lr, same):
    run = small(reward=FirstDigit(), optimizer=AdamW(lr=lr), warmup=(), steps=5)
    followed(run, tmp_path)
    found = Doctor().examine(list(Ledger(tmp_path).rows()))
    said = [f for f in found if "by their digest" in f.message]
    assert [f.bad for f in said] == [True] * same

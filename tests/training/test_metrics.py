"""What is written down of a step, by hand."""

from dataclasses import replace
from math import exp, inf, isnan, nan

import pytest
import torch
from recorded import recorded

from whet.protocols import Update
from whet.rollouts.buffer import StepGroups
from whet.training.ledger import Ledger
from whet.training.loop import TrainStep
from whet.training.metrics import of_step
from whet.types import (
    Batch,
    Finish,
    Group,
    IntegrityError,
    Mean,
    Reason,
    Task,
    TrainBatch,
    Verdict,
    totals,
)

TASK = Task(id="t", prompt="", answer="")
FAULT = Verdict.unjudged("away")
ELSEWHERE = Verdict.not_applicable("of another kind")


def verdict(score, correct=None):
    return Verdict(reason=Reason.PARTIAL, score=score, correct=correct)


def rollout(seed, found, length=2):
    return recorded(
        task=TASK,
        seed=seed,
        tokens=(0, 1) * length,
        chosen=(False, True) * length,
        behaviour_logp=(-0.5,) * length,
        finish=Finish.STOP,
        verdict=found,
    )


def group(*verdicts, first=0):
    return Group.of([rollout(first + i, found, 1 + i) for i, found in enumerate(verdicts)])


def batch(**columns):
    """Three tokens of one rollout."""
    row, logp = torch.zeros(3).long(), torch.tensor([-1.0, -2.0, -3.0])
    held = Batch(
        totals=totals(row, torch.zeros(1).long()),
        row=row,
        group=torch.zeros(1).long(),
        advantage=torch.ones(3),
        behaviour_logp=logp,
        proximal_logp=logp,
    )
    return replace(held, **columns)


def step(*groups, tokens=None, **changes):
    told = {"drift": Mean(total=0.5, count=5), "taught": Mean(total=30, count=40)}
    taken = StepGroups(
        groups=groups,
        played=groups,
        admitted=(True,) * len(groups),
        replaced=0,
        dropped=0,
        missing=0,
    )
    given = {
        "number": 0,
        "sampled": groups,
        "taken": taken,
        "batch": TrainBatch([], tokens or batch()),
        "updates": (Update(loss=1.0, drift_max=0.2, metrics=told),) * 2,
        "lr": 1e-3,
        "seconds": {"play": 2.0, "learn": 3.0},
        "token_counts": {"decoded": 500},
        "metrics": {},
    }
    return TrainStep(**given | changes)


def values(*groups, **given):
    return {name: mean.value for name, mean in of_step(step(*groups, **given)).items()}


def test_rewards_and_their_spread_by_hand():
    """0.2, 0.4 | 0.5, 0.5 and a fault | one fault: within groups √0.02 and 0."""
    found = values(
        group(verdict(0.2), verdict(0.4)), group(verdict(0.5), verdict(0.5), FAULT), group(FAULT)
    )
    assert found["reward"] == pytest.approx(0.4)
    assert found["reward_std"] == pytest.approx(((0.04 + 0 + 0.01 + 0.01) / 3) ** 0.5)
    assert found["reward_std_within"] == pytest.approx(0.02**0.5 / 2)
    assert (found["reward_min"], found["reward_max"]) == (0.2, 0.5)
    assert found["graded"] == 1
    assert found["varied"] == 1 / 2  # of two groups with a score
    assert found["faults"] == 2 / 6
    assert (found["length"], found["length_min"], found["length_max"]) == (10 / 6, 1, 3)
    assert isnan(found["correct"])


def test_what_varies_is_the_reward_and_not_what_is_correct():
    """Graded rewards that all fail differ; shaped rewards of right replies differ too."""
    failing = group(verdict(0.2, correct=False), verdict(0.4, correct=False))
    shaped = group(verdict(1.0, correct=True), verdict(0.7, correct=True))
    level = group(verdict(0.3, correct=True), verdict(0.3, correct=False))
    found = values(failing, shaped, level)
    assert found["varied"] == 2 / 3
    assert found["correct_varied"] == 1 / 3
    assert found["correct"] == 3 / 6
    assert found["shaped"] == 2 / 6  # correct below 1: 0.7 and 0.3
    assert found["graded"] == 5 / 6


def test_a_difference_that_is_rounding_is_none():
    found = values(group(verdict(0.1 + 0.2), verdict(0.3)))
    assert found["varied"] == 0


def test_right_or_wrong_rewards_are_not_graded():
    found = values(group(Verdict.binary(correct=True), Verdict.binary(correct=False)))
    assert (found["graded"], found["shaped"]) == (0, 0)
    assert found["varied"] == found["correct_varied"] == 1


def test_a_step_without_a_score_has_no_reward():
    found = of_step(step(group(FAULT, FAULT)))
    for name in ("reward", "reward_std", "reward_std_within", "reward_min", "graded", "varied"):
        assert found[name].count == 0


def test_the_distance_to_the_reference_by_hand():
    """Of x = ln 2 and 0, k3 is ½ − 1 + ln 2 and 0; the 5 is of a token that others chose."""
    x = torch.tensor([2.0, 1.0, exp(5.0)]).log()
    held = batch()
    anchored = replace(
        held,
        reference_logp=held.behaviour_logp - x,
        external=torch.tensor([False, False, True]),
    )
    found = of_step(step(group(verdict(1.0)), tokens=anchored))["kl"]
    assert found.count == 2
    assert found.total == pytest.approx(0.5 - 1 + 0.693147, abs=1e-6)
    assert "kl" not in of_step(step(group(verdict(1.0))))


def test_a_small_distance_is_not_lost_in_rounding():
    """Of x = 1e−4, k3 is x²/2 = 5e−9."""
    near = batch(behaviour_logp=torch.full((3,), 0.0), reference_logp=torch.full((3,), -1e-4))
    assert values(group(verdict(1.0)), tokens=near)["kl"] == pytest.approx(5e-9, rel=1e-2)


def test_what_does_not_apply_is_neither_a_fault_nor_a_zero():
    found = of_step(step(group(verdict(1.0, correct=True), ELSEWHERE, FAULT), group(ELSEWHERE)))
    counts = {name: (found[name].total, found[name].count) for name in found}
    assert counts["not_applicable"] == (2, 4)
    assert counts["faults"] == (1, 4)
    assert counts["reward"] == counts["correct"] == (1, 1)
    assert counts["varied"] == counts["correct_varied"] == (0, 1)


def test_a_group_of_unknown_correctness_is_in_no_denominator():
    graded = group(verdict(0.2), verdict(0.4))
    mixed = group(verdict(1.0, correct=True), verdict(0.0, correct=False))
    found = of_step(step(graded, mixed))
    assert (found["correct_varied"].total, found["correct_varied"].count) == (1, 1)
    assert (found["varied"].total, found["varied"].count) == (2, 2)


def test_the_hint_of_a_reply_is_not_in_its_length():
    """Four tokens, of which three were forced."""
    hinted = recorded(
        task=TASK,
        tokens=(0, 1, 1, 1, 1),
        chosen=(False, True, True, True, True),
        behaviour_logp=(-0.5,) * 4,
        forced=3,
        verdict=verdict(1.0),
    )
    found = values(Group.of([hinted]))
    assert (found["length"], found["length_min"], found["length_max"]) == (1, 1, 1)


def test_a_minibatch_without_a_gradient_is_no_optimizer_step():
    """The loss is the mean of one update, and its metrics are alone in their sums."""
    resting = Update(
        loss=0.0,
        drift_max=0.0,
        metrics={"drift": Mean(), "grad_norm": Mean(), "taught": Mean(total=0, count=9)},
    )
    told = {"drift": Mean(total=0.5, count=5), "grad_norm": Mean(total=4.0, count=1)}
    moving = Update(loss=2.0, drift_max=0.3, metrics=told | {"taught": Mean(total=6, count=9)})
    found = of_step(step(group(verdict(1.0)), updates=(resting, moving)))
    assert (found["loss"].total, found["loss"].count) == (2, 1)
    assert (found["grad_norm"].total, found["grad_norm"].count) == (4, 1)
    assert found["taught"].value == 6 / 18
    assert (found["drift"].value, found["drift_max"].value) == (0.1, 0.3)


def test_a_step_that_learns_nothing_has_metrics_over_nothing(tmp_path):
    """All names are in the row, with null of 0."""
    resting = {"drift": Mean(), "grad_norm": Mean(), "taught": Mean(total=0, count=9)}
    idle = Update(loss=0.0, drift_max=0.0, metrics=resting)
    found = of_step(step(group(verdict(1.0)), updates=(idle, idle)))
    Ledger(tmp_path).write("step", (0, 1), found)
    (row,) = Ledger(tmp_path).rows()
    empty = {name for name, told in row["metrics"].items() if told["value"] is None}
    assert all((row["metrics"][name]["of"] == 0) for name in empty)
    assert empty >= {"loss", "drift", "drift_max", "grad_norm", "clipped", "masked"}
    assert row["metrics"]["taught"] == {"value": 0.0, "of": 18}


def test_a_metric_that_is_not_finite_stops_the_run():
    for value in (nan, inf):
        with pytest.raises(IntegrityError, match="'mine'"):
            of_step(step(group(verdict(1.0)), metrics={"mine": Mean(total=value, count=1)}))
    assert of_step(step(group(verdict(1.0)), metrics={"mine": Mean()}))["mine"].count == 0


def test_tokens_per_second():
    found = values(group(verdict(1.0)))
    assert found["decoded_per_second"] == 500 / 2
    assert found["learned_per_second"] == (30 + 30) / 3

"""Baselines of all draws: what a batch learns from after Reinforce-Ada, end to end."""

import asyncio
from dataclasses import replace
from itertools import count
from math import sqrt

import pytest
from fakes import fake
from simulated import Simulated, opened, simulated, taken

from whet.policy import algorithms
from whet.protocols import Learner
from whet.rollouts.batching import build_batch
from whet.sampling.dynamic.pilots import DropPilots
from whet.sampling.dynamic.reinforce_ada import ReinforceAda
from whet.sampling.dynamic.two_phase import TwoPhase
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.types import Verdict


class Listed(Simulated):
    """The n-th rollout of every task is right where the list says so; None is a fault."""

    def __init__(self, results):
        super().__init__()
        self.results, self.played = results, {}

    def rollout(self, task, play):
        result = self.results[next(self.played.setdefault(task.id, count()))]
        verdict = (
            Verdict.unjudged("away") if result is None else Verdict.binary(correct=bool(result))
        )
        return simulated(task, play.seed, verdict=verdict)


def learned(size, results, name, tasks=1):
    """The batch of a step in which every task has these results."""
    made = Standard(prompts=Uniform(per_step=tasks), size=size)
    step = taken(made, Listed(results), opened(made))
    objective = algorithms.load(name)
    objective = replace(objective, regularisers=())  # without a reference
    batch, _ = asyncio.run(build_batch(step.groups, objective, fake(Learner, version=0)))
    rows = [
        (bool(r.verdict.correct), a)
        for r, a in zip(batch.rollouts, batch.tokens.advantage.tolist(), strict=True)
    ]
    return rows, batch.tokens


TWO_OF_SIXTEEN = [0] * 6 + [1] + [0] * 7 + [1] + [0]
SPREAD = sqrt((2 * 0.875**2 + 14 * 0.125**2) / 15)  # with n − 1, as the frameworks have it
EXPECTED = {
    "dr_grpo": (0.875, -0.125),  # 1 − 0.125 and 0 − 0.125
    "grpo": (0.875 / SPREAD, -0.125 / SPREAD),
    "rloo": (1 - 1 / 15, 0 - 2 / 15),  # the mean of the other fifteen
}


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("tasks", [1, 3])
def test_kept_rollouts_have_the_baseline_of_all_draws(name, tasks):
    """Drawn 16, right 2: 2 right and 2 wrong ones are kept, with baseline 0.125 and not 0.5."""
    rows, batch = learned(ReinforceAda(draws=4, keep=4, cap=16), TWO_OF_SIXTEEN, name, tasks)
    right, wrong = EXPECTED[name]
    assert sorted(rows) == [
        *[(False, pytest.approx(wrong, rel=1e-4))] * 2 * tasks,
        *[(True, pytest.approx(right, rel=1e-4))] * 2 * tasks,
    ]
    assert (batch.totals.rollouts, batch.totals.groups) == (4 * tasks, tasks)


def test_faults_are_in_no_baseline_of_all_draws():
    """Of 8 draws 2 are faults: 2 right of 6."""
    results = [None, 0, 1, 0, 0, None, 1, 0]
    rows, _ = learned(ReinforceAda(draws=4, keep=4, cap=8), results, "dr_grpo")
    assert sorted(rows) == [
        *[(False, pytest.approx(-1 / 3))] * 2,
        *[(True, pytest.approx(2 / 3))] * 2,
    ]


def test_dropped_pilots_are_in_no_baseline():
    """Pilots 1 of 2, further ones 1 of 4: the baseline is 1/4; with the pilots it is 2/6."""
    results = [1, 0, 0, 0, 1, 0]
    size = TwoPhase(pilots=2, further=4, pilot_use=DropPilots())
    rows, batch = learned(size, results, "dr_grpo")
    assert sorted(rows) == [*[(False, pytest.approx(-0.25))] * 3, (True, pytest.approx(0.75))]
    rows, _ = learned(TwoPhase(pilots=2, further=4), results, "dr_grpo")
    assert len(rows) == 6 and max(rows)[1] == pytest.approx(2 / 3)
    assert batch.totals.rollouts == 4

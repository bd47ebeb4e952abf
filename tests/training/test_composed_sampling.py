"""Sampling parts drawn at random for all slots: short runs, which end alike where they were killed.

The numbers are seeds of `composed`; each had a composition of its own kind to check: rounds, trees,
hints, replay, extensions, faults, equal ids, scores beyond 1. Those of 13 and 23 search for
prefixes (BREAD), which have to meet the same neighbours in the decoding batch after a kill.
"""

from dataclasses import replace

import pytest
from composed import COMPANIONS, composed
from small import followed, small, steps_of, timeless

from whet.policy import algorithms
from whet.policy.extensions.eepo import Eepo
from whet.policy.selections import PolicyTokens
from whet.sampling.exploration.fixed_rounds import FixedRounds
from whet.sampling.replay.trajectory_replay import TrajectoryReplay
from whet.training.glossary import metric
from whet.training.run import PeriodicEval
from whet.training.validation import validate

pytestmark = pytest.mark.full
SEEDS = (2, 4, 7, 13, 17, 23, 54, 55, 56, 58, 131, 132, 593, 594)


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_a_composition_ends_as_the_whole(seed, tmp_path):
    _, run = composed(seed)
    validate(run)
    whole = followed(run, tmp_path / "whole")
    rows = timeless(tmp_path / "whole")
    assert len(steps_of(whole)) == run.steps
    assert all(metric(row["kind"], logged) for row in rows for logged in row["metrics"])
    followed(run, tmp_path / "cut", stop_after=1 + seed % 3)
    assert followed(run, tmp_path / "cut")[-1] == whole[-1]
    assert timeless(tmp_path / "cut") == rows


def test_tokens_of_discarded_weights_are_recalled_as_old_ones(tmp_path):
    """EEPO's second halves come back in a later step, whose weights have the same step number."""
    objective = replace(
        algorithms.load("dapo"), on=PolicyTokens(), companions=(Eepo(window=1, below=3.0),)
    )
    run = small(objective=objective, periodic=PeriodicEval(every=0))
    sampling = replace(run.sampling, replay=TrajectoryReplay(share=0.5, retire=1.0))
    found = []
    for step in steps_of(followed(replace(run, sampling=sampling), tmp_path / "run")):
        first = step.number * run.sampling.tickets
        now = min(r.version.step for g in step.sampled for r in g)
        old = [
            (rollout.version.step - now, lag)
            for rollout, lag in zip(step.batch.rollouts, lags_of(step.batch.tokens), strict=True)
            if rollout.ticket < first
        ]
        found += old
    assert any(ahead == 0 for ahead, _ in found)
    assert all(lag >= 1 for _, lag in found)


def lags_of(tokens):
    """The lag of each rollout's first token."""
    rows, lags = tokens.row.tolist(), tokens.version_lag.tolist()
    return [lags[rows.index(i)] for i in sorted(set(rows))]


@pytest.mark.parametrize("name", ["branches", "extra_round"])
def test_further_rounds_of_a_task_have_other_seeds(name, tmp_path):
    """No rollout of a group is sampled twice, though extensions play in each of its rounds."""
    _, base = composed(4)
    objective = replace(base.objective, companions=COMPANIONS[name])
    sampling = replace(
        base.sampling, size=FixedRounds(rollouts=2, passes=3), schedules=(), replay=None
    )
    run = replace(base, objective=objective, sampling=sampling, steps=2)
    for step in steps_of(followed(run, tmp_path / "run")):
        for group in step.taken.groups:
            seeds = [rollout.seed for rollout in group]
            assert len(set(seeds)) == len(seeds)

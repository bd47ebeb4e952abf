"""Runs with schedules: ratios stay exact, and a killed run goes on as it was."""

from dataclasses import replace

import pytest
from small import RUN, followed, small, steps_of, timeless

from whet.evaluation.measure import EvalConfig
from whet.sampling.schedules.entropy_temperature import EntropyTemperature
from whet.sampling.schedules.length_by_truncation import LengthByTruncation
from whet.sampling.schedules.staged_length import StagedLength
from whet.sampling.schedules.staged_temperature import StagedTemperature
from whet.sampling.schedules.temperature_search import TemperatureSearch
from whet.training.glossary import metric
from whet.training.run import PeriodicEval
from whet.types import Decoding


def scheduled(*schedules, steps=4):
    sampling = replace(RUN.sampling, schedules=schedules, decoding=Decoding(max_new_tokens=4))
    few = EvalConfig(problems=1, samples=1, k=(1,))
    quiet = PeriodicEval(every=0, evaluation=few)
    return small(sampling=sampling, steps=steps, minibatches=1, evaluation=few, periodic=quiet)


def column(events, name):
    return [step.metrics[name].value for step in steps_of(events)]


def test_ratios_are_exact_at_every_temperature(tmp_path):
    """Generator and learner agree on log softmax(z / T): on-policy, log-ratios are 0 to 1e-5."""
    run = scheduled(
        StagedTemperature(temperatures=(0.5, 1.5, 3.0, 1.0)), StagedLength(lengths=(2, 4))
    )
    events = followed(run, tmp_path)
    assert column(events, "temperature") == [0.5, 1.5, 3.0, 1.0]
    assert column(events, "length_limit") == [2, 2, 4, 4]
    assert max(column(events, "drift_max")) < 1e-5
    assert max(column(events, "length_max")[:2]) <= 2
    entropies = column(events, "entropy")
    assert entropies[0] < entropies[1] < entropies[2]


def test_a_killed_run_goes_on_with_its_schedules(tmp_path):
    run = scheduled(
        TemperatureSearch(grid=(0.8, 1.2), groups=3, stages=1),
        EntropyTemperature(rate=0.5),
        LengthByTruncation(lengths=(2, 4), patience=2, truncated=0.0, share=0.0),
    )
    whole = followed(run, tmp_path / "whole")
    followed(run, tmp_path / "killed", stop_after=2)
    followed(run, tmp_path / "killed")
    assert timeless(tmp_path / "killed") == timeless(tmp_path / "whole")
    found = column(whole, "temperature")
    assert found[0] == pytest.approx(0.8)  # the controller begins with the first play's
    assert len(set(found)) == len(found)
    assert all(metric("step", name) for step in steps_of(whole) for name in step.metrics)

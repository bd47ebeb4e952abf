"""Runs with schedules: ratios stay exact, and a killed run goes on as it was."""

from dataclasses import replace
from math import log

import pytest
from small import RUN, followed, small, timeless

from whet.evaluation.measure import EvalConfig
from whet.sampling.schedules.entropy_temperature import EntropyTemperature
from whet.sampling.schedules.length_by_truncation import LengthByTruncation
from whet.sampling.schedules.staged_length import StagedLength
from whet.sampling.schedules.staged_temperature import StagedTemperature
from whet.training.glossary import metric
from whet.training.run import PeriodicEval
from whet.types import Decoding


def scheduled(*schedules, steps=3):
    sampling = replace(RUN.sampling, schedules=schedules, decoding=Decoding(max_new_tokens=4))
    few = EvalConfig(problems=1, samples=1, k=(1,))
    quiet = PeriodicEval(every=0, evaluation=few)
    return small(sampling=sampling, steps=steps, minibatches=1, evaluation=few, periodic=quiet)


def column(folder, name):
    rows = [row for row in timeless(folder) if row["kind"] == "step"]
    assert all(metric("step", known) for row in rows for known in row["metrics"])
    return [row["metrics"][name]["value"] for row in rows]


def test_ratios_are_exact_at_every_temperature(tmp_path):
    """Generator and learner agree on log softmax(z / T): on-policy, log-ratios are 0 to 1e-5."""
    run = scheduled(
        StagedTemperature(temperatures=(0.5, 1.5, 3.0)), StagedLength(lengths=(2, 3, 4))
    )
    followed(run, tmp_path)
    assert column(tmp_path, "temperature") == [0.5, 1.5, 3.0]
    assert column(tmp_path, "length_limit") == [2, 3, 4]
    assert max(column(tmp_path, "drift_max")) < 1e-5
    assert column(tmp_path, "length_max")[0] <= 2
    entropies = column(tmp_path, "entropy")
    assert entropies[0] < entropies[1] < entropies[2]


@pytest.mark.full
def test_a_killed_run_goes_on_with_its_schedules(tmp_path):
    run = scheduled(
        EntropyTemperature(rate=0.1),
        LengthByTruncation(lengths=(2, 4), patience=1, truncated=0.0, share=0.0),
    )
    followed(run, tmp_path / "whole")
    followed(run, tmp_path / "killed", stop_after=2)
    followed(run, tmp_path / "killed")
    assert timeless(tmp_path / "killed") == timeless(tmp_path / "whole")
    heat = column(tmp_path / "whole", "temperature")
    entropy = column(tmp_path / "whole", "sampled_entropy")
    for step in (0, 1):
        moved = log(heat[step + 1]) - log(heat[step])
        assert moved == pytest.approx(0.1 * (0.3 - entropy[step]), abs=1e-9)
    lengths, cut = (column(tmp_path / "whole", n) for n in ("length_limit", "cut_when_solvable"))
    first = next(step for step, share in enumerate(cut) if share)
    assert lengths == [2.0] * (first + 1) + [4.0] * (2 - first)

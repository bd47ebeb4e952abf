"""Sampling parts that never acted are told by the rows of a ledger."""

from dataclasses import replace

import pytest
from small import small

from whet.sampling.schedules.staged_length import StagedLength
from whet.sampling.schedules.staged_temperature import StagedTemperature
from whet.training.idle_parts import idle_parts


def rows(**metrics):
    """Rows of steps, with a value of each metric for every step."""
    return [
        {
            "kind": "step",
            "metrics": {name: {"value": value} for name, value in zip(metrics, one, strict=True)},
        }
        for one in zip(*metrics.values(), strict=True)
    ]


def scheduled(*schedules):
    run = small()
    return replace(run, sampling=replace(run.sampling, schedules=schedules))


@pytest.mark.parametrize(
    ("metric", "told"), [("skipped", "Greso"), ("recalled", "replay"), ("tree_saved", "shape")]
)
def test_a_part_that_did_nothing_is_told(metric, told):
    assert any(told in text for text in idle_parts(rows(**{metric: [0.0] * 5}), small()))
    once = rows(**{metric: [0.0, 0.0, 0.1, 0.0, 0.0]})
    assert not any(told in text for text in idle_parts(once, small()))
    assert not idle_parts(rows(**{metric: [0.0] * 4}), small())  # too few steps


def test_a_temperature_that_never_moved_is_told():
    still, moved = rows(temperature=[1.0] * 5), rows(temperature=[1.0, 1.0, 1.1, 1.1, 1.1])
    assert any("temperature" in text for text in idle_parts(still, scheduled(StagedTemperature())))
    assert not idle_parts(moved, scheduled(StagedTemperature()))
    assert not idle_parts(still, scheduled(StagedLength()))


def test_sizes_that_never_differed_are_told():
    alike = rows(size_min=[4.0] * 5, size_max=[4.0] * 5)
    assert any("sampling.size" in text for text in idle_parts(alike, small()))
    assert not idle_parts(rows(size_min=[4.0] * 5, size_max=[4.0] * 4 + [5.0]), small())

"""Confidences: Brier score and its parts, ECE, AUROC, and selective answering."""

from itertools import permutations, product
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problem_records import N, R, W, problem

from whet.evaluation.metrics import pooled
from whet.evaluation.metrics.auroc import auroc, pooled_auroc
from whet.evaluation.metrics.binning import equal_mass
from whet.evaluation.metrics.brier import brier, brier_parts, mean_brier
from whet.evaluation.metrics.calibration_error import (
    Bin,
    bins_of,
    calibration_error,
    corrected_error,
    expected_error,
)
from whet.evaluation.metrics.columns import column
from whet.evaluation.metrics.selective import (
    aurc,
    coverage_at,
    pooled_aurc,
    pooled_coverage_at,
    pooled_selective_accuracy,
    selective_accuracy,
)
from whet.types import UsageError

RATED = st.lists(st.tuples(st.sampled_from([0.1, 0.4, 0.5, 0.9]), st.booleans()), min_size=1)


def test_brier_by_hand():
    assert brier([0.9, 0.6], [R, W]) == pytest.approx(0.185)
    held = [problem([R, W])]
    assert mean_brier(held, [[0.9, 0.6]]).value == pytest.approx(0.185)


@given(RATED)
def test_the_parts_of_the_brier_score_sum_to_it(rows):
    stated, right = [q for q, _ in rows], [c for _, c in rows]
    found = brier_parts([problem(right)], [stated])
    assert found.score == pytest.approx(brier(stated, right), abs=1e-12)
    parts = found.reliability - found.resolution + found.uncertainty
    assert parts == pytest.approx(found.score, abs=1e-12)
    assert min(found.reliability, found.resolution, found.uncertainty) >= 0
    assert (found.samples, found.confidences) == (len(rows), len(set(stated)))


def test_the_parts_of_three_policies():
    """Sure and right; calibrated without information; sure and wrong."""
    right = [R, R, W, W]
    sure = brier_parts([problem(right)], [[1.0, 1.0, 0.0, 0.0]])
    assert (sure.reliability, sure.resolution, sure.uncertainty) == (0.0, 0.25, 0.25)
    vague = brier_parts([problem(right)], [[0.5] * 4])
    assert (vague.reliability, vague.resolution, vague.score) == (0.0, 0.0, 0.25)
    inverted = brier_parts([problem(right)], [[0.0, 0.0, 1.0, 1.0]])
    assert (inverted.reliability, inverted.resolution, inverted.score) == (1.0, 0.25, 1.0)


def test_samples_without_a_confidence_or_a_verdict_are_counted():
    held = [problem([R, W, N, R]), problem([R, R], "q")]
    rows = [[0.9, 0.6, 0.2, nan], [nan, nan]]
    parts = brier_parts(held, rows)
    assert (parts.samples, parts.missing) == (2, 1)
    found = mean_brier(held, rows)
    assert (found.problems, found.of) == (1, 1)
    assert (found.least, found.most) == pytest.approx(((0.37 + 0.04) / 3, (0.37 + 0.64) / 3))
    with pytest.raises(UsageError, match="0 samples have a confidence"):
        brier_parts([held[1]], [[nan, nan]])


@pytest.mark.parametrize("wrong", [-0.1, 1.5])
def test_a_confidence_is_a_probability(wrong):
    for metric in (mean_brier, brier_parts, calibration_error):
        with pytest.raises(UsageError, match=f"confidence is {wrong}"):
            metric([problem([R, N])], [[0.5, wrong]])


def test_bins_hold_equally_many_and_equal_values_share_one():
    assert equal_mass(range(10), 5).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    counts = np.bincount(equal_mass(np.random.default_rng(0).random(1003), 10))
    assert counts.min() >= 100 and counts.max() <= 101
    assert equal_mass([0.9] * 50, 10).tolist() == [0] * 50
    assert equal_mass([0.5, 0.9, 0.9, 0.9], 2).tolist() == [0, 1, 1, 1]
    assert equal_mass([], 10).tolist() == []
    for wrong in ([nan], [float("inf")]):
        with pytest.raises(UsageError, match="finite"):
            equal_mass(wrong, 2)
    with pytest.raises(UsageError, match="bins is 0"):
        equal_mass([1.0], 0)


def test_ece_by_hand():
    """Bins of two: |½ − 0.2| and |1 − 0.7|, half of the samples each."""
    stated, right = [0.1, 0.3, 0.6, 0.8], [W, R, R, R]
    found = bins_of(stated, right, 2)
    assert [one.samples for one in found] == [2, 2]
    assert expected_error(found) == pytest.approx(0.3)
    held = calibration_error([problem(right)], [stated], bins=2)
    assert held.plain.value == pytest.approx(0.3) and held.bins == found
    assert isnan(expected_error(())) and isnan(corrected_error(()))
    assert isnan(corrected_error(bins_of(stated, right, 4)))  # a bin of one sample


def test_the_correction_is_that_of_resampled_gaps():
    """2 ECE less the mean of ECE with the accuracies drawn from their normal approximations."""
    low = Bin(samples=8, confidence=0.3, accuracy=0.25)
    bins = [low, Bin(samples=24, confidence=0.9, accuracy=0.5)]
    rng, count = np.random.default_rng(0), 400_000
    drawn = 0.0
    for one in bins:
        sigma = (one.accuracy * (1 - one.accuracy) / one.samples) ** 0.5
        again = rng.normal(one.accuracy, sigma, count)
        drawn += one.samples / 32 * np.abs(again - one.confidence).mean()
    assert corrected_error(bins) == pytest.approx(2 * expected_error(bins) - drawn, abs=1e-3)


@pytest.mark.parametrize("gap", [0.0, 0.2])
def test_the_correction_removes_most_of_the_bias(gap):
    """200 samples whose confidence is `gap` above their chance to be right."""
    rng = np.random.default_rng(0)
    plain, corrected = [], []
    for _ in range(200):
        stated = rng.uniform(0.3, 0.9, 200)
        right = rng.random(200) < stated - gap
        bins = bins_of(stated.tolist(), right.tolist(), 10)
        plain.append(expected_error(bins))
        corrected.append(corrected_error(bins))
    if gap:
        assert np.mean(corrected) == pytest.approx(gap, abs=0.01)
    else:
        assert np.mean(plain) > 0.07 and np.mean(corrected) < 0.7 * np.mean(plain)


@pytest.mark.parametrize("gap", [0.0, 0.1])
def test_the_interval_of_ece_covers_the_error_of_many_samples(gap, monkeypatch):
    monkeypatch.setattr(pooled, "_DRAWS", 80)
    rng, hits = np.random.default_rng(0), 0
    for _ in range(25):
        stated = rng.uniform(0.3, 0.9, (60, 4))
        right = rng.random((60, 4)) < stated - gap
        held = [problem(row, str(at)) for at, row in enumerate(right.tolist())]
        found = calibration_error(held, stated.tolist()).plain
        assert found.low <= found.value <= found.high
        hits += found.low <= gap <= found.high
    assert hits >= 22


@given(RATED)
def test_auroc_is_the_share_of_pairs(rows):
    ups, downs = [q for q, c in rows if c], [q for q, c in rows if not c]
    found = auroc([q for q, _ in rows], [c for _, c in rows])
    pairs = [(a > b) + (a == b) / 2 for a, b in product(ups, downs)]
    assert isnan(found) if not pairs else found == pytest.approx(sum(pairs) / len(pairs))


def risks(order):
    """The share of errors among the first i, for each i."""
    return [sum(not c for c in order[: i + 1]) / (i + 1) for i in range(len(order))]


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9]), st.booleans()), min_size=1, max_size=6))
def test_the_risk_curve_is_the_mean_over_orders_of_equal_confidences(rows):
    stated, right = [q for q, _ in rows], [c for _, c in rows]
    places = range(len(rows))
    orders = [
        [right[at] for at in order]
        for order in permutations(places)
        if all(stated[a] >= stated[b] for a, b in zip(order, order[1:], strict=False))
    ]
    curve = np.mean([risks(order) for order in orders], axis=0)
    assert aurc(stated, right) == pytest.approx(curve.mean())
    for count in range(1, len(rows) + 1):
        found = selective_accuracy(stated, right, count / len(rows))
        assert found == pytest.approx(1 - curve[count - 1])


def test_selective_answering_by_hand():
    stated, right = [0.9, 0.8, 0.7, 0.6], [R, R, W, R]
    assert aurc(stated, right) == pytest.approx((0 + 0 + 1 / 3 + 1 / 4) / 4)
    assert selective_accuracy(stated, right, 0.5) == 1.0
    assert selective_accuracy(stated, right, 0.51) == pytest.approx(2 / 3)  # three of four
    assert coverage_at(stated, right, 0.95) == 0.5
    assert coverage_at(stated, right, 0.75) == 1.0  # beyond a threshold that is worse
    assert coverage_at([0.9] * 4, right, 0.95) == 0.0  # a threshold does not part equal ones
    assert all(map(isnan, (aurc([], []), selective_accuracy([], [], 1.0), coverage_at([], []))))
    for wrong in (0.0, 1.1, nan):
        with pytest.raises(UsageError, match="coverage is"):
            selective_accuracy(stated, right, wrong)
    for wrong in (-0.1, 1.1, nan):
        with pytest.raises(UsageError, match="accuracy is"):
            coverage_at(stated, right, wrong)


def rated(rng, problems=40, samples=5):
    """Problems with confidences that say something of their correctness, and both as columns."""
    stated = rng.uniform(0, 1, (problems, samples))
    right = rng.random((problems, samples)) < stated
    held = [
        problem(row.tolist(), str(at), confidence=told.tolist())
        for at, (row, told) in enumerate(zip(right, stated, strict=True))
    ]
    return held, column(held, lambda sample: sample.confidence), stated.ravel(), right.ravel()


def test_pooled_metrics_are_of_all_samples_with_an_interval_around_them(monkeypatch):
    monkeypatch.setattr(pooled, "_DRAWS", 300)
    held, rows, stated, right = rated(np.random.default_rng(0))
    found = {
        pooled_auroc(held, rows): auroc(stated, right),
        pooled_aurc(held, rows): aurc(stated, right),
        pooled_coverage_at(held, rows, 0.8): coverage_at(stated, right, 0.8),
        pooled_selective_accuracy(held, rows, 0.5): selective_accuracy(stated, right, 0.5),
        calibration_error(held, rows).plain: expected_error(
            bins_of(stated.tolist(), right.tolist(), 10)
        ),
    }
    for one, value in found.items():
        assert one.value == pytest.approx(value) and one.exact
        assert one.low < one.value < one.high
        assert (one.problems, one.of) == (40, 40)


def test_an_auroc_that_all_draws_agree_on_is_no_point():
    held = [problem([R, W], str(at)) for at in range(5)]
    found = pooled_auroc(held, [[0.9, 0.1]] * 5)
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.5655, abs=1e-4)  # Wilson's 5 in 5
    none = pooled_auroc([problem([R, R])], [[0.9, 0.1]])
    assert isnan(none.value) and isnan(none.low)
    assert isnan(pooled_auroc([], []).value)

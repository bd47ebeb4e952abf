"""Intervals of the properties of a verifier, from published numbers, and counts of draws."""

from math import isnan

import numpy as np
import pytest

from whet.data.cases import Case
from whet.evaluation.agreement import confusion
from whet.evaluation.axes import axes_of
from whet.evaluation.statistics.median import median_interval
from whet.evaluation.verifier_pass import TimedVerdict, VerifierPass
from whet.types import Task, Verdict

CASE = Case(task=Task(id="t", prompt="?", answer="1"), reply="1", correct=True)


def heard(scores, seconds=0.1):
    """A pass of verdicts that end one after another."""
    verdicts = [
        TimedVerdict(
            verdict=Verdict.binary(correct=bool(s)), seconds=seconds, ended=seconds * (i + 1)
        )
        for i, s in enumerate(scores)
    ]
    return VerifierPass(cases=[CASE] * len(scores), verdicts=verdicts, seconds=seconds)


def axes(scores, matrix=None):
    return axes_of(heard(scores), heard(scores), matrix or confusion([True], [True]))


@pytest.mark.parametrize(
    ("count", "low", "high"), [(6, 1, 6), (10, 2, 9), (20, 6, 15), (100, 40, 61)]
)
def test_the_ranks_around_a_median_are_those_of_the_tables_of_the_sign_test(count, low, high):
    found = median_interval(np.arange(1.0, count + 1)[::-1])
    assert (found.low, found.value, found.high) == (low, (count + 1) / 2, high)


def test_five_values_say_nothing_of_the_ends_of_a_median():
    found = median_interval([3.0, 1.0, 2.0, 5.0, 4.0])
    assert found.value == 3
    assert isnan(found.low) and isnan(found.high)


def test_a_median_is_covered_in_nineteen_of_twenty_samples():
    rng = np.random.default_rng(0)
    found = [median_interval(rng.exponential(size=21)) for _ in range(400)]
    assert np.mean([i.low <= np.log(2) <= i.high for i in found]) == pytest.approx(0.96, abs=0.03)


def test_noise_has_the_interval_of_newcombes_example():
    """56 of 70 less 48 of 80 is .2 [.0524, .3339]; Newcombe 1998, method 10 (from memory)."""
    accepted = [True] * 56 + [False] * 14 + [True] * 48 + [False] * 32
    found = axes([1, 0], confusion(accepted, [True] * 70 + [False] * 80)).noise
    assert found.value == pytest.approx(0.8)
    assert (found.low, found.high) == pytest.approx((1 - 0.3339, 1 - 0.0524), abs=1e-4)


def test_gradation_has_the_interval_of_replies_drawn_again():
    """The brute force: draw 30 scores out of 30, and count."""
    scores = [1] * 6 + [0] * 24
    rng, drawn = np.random.default_rng(7), []
    for _ in range(4000):
        share = rng.choice(scores, 30).mean()
        drawn.append(-sum(p * np.log2(p) for p in (share, 1 - share) if p))
    found = axes(scores).gradation
    assert found.value == pytest.approx(0.7219, abs=1e-4)
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, (0.025, 0.975)), abs=0.03)


def test_a_steady_rate_has_an_interval_of_no_width():
    found = axes([1, 0] * 20)
    assert (found.scale.low, found.scale.value, found.scale.high) == pytest.approx((10, 10, 10))
    assert found.speed.value == pytest.approx(10)

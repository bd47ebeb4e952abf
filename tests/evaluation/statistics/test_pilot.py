"""The variance of a pilot, against simulation, and the number of problems that it asks for."""

import numpy as np
import pytest
from problem_records import N, R, W, problem

from whet.evaluation.statistics.pilot import (
    assumed_variance,
    difference_variance,
    pilot_variance,
)
from whet.evaluation.statistics.sample_size import problems_for_difference
from whet.types import UsageError


def test_by_hand():
    """ĉ = ½ and 1 of two samples: within ½ · 2 · ¼ = ¼, between Var − ½ · ¼ = ⅛ − ⅛ = 0."""
    found = pilot_variance([problem([R, W], "a"), problem([R, R], "b")])
    assert found.within == pytest.approx(0.25)
    assert found.between == pytest.approx(0.0)


def test_it_is_without_bias():
    """Chances from Beta(2, 1), of mean 2/3: Var = 1/18, and the mean of p (1 − p) is 1/6."""
    rng = np.random.default_rng(0)
    held = []
    for n in range(4000):
        chance = rng.beta(2, 1)
        held.append(problem([bool(x) for x in rng.random(5) < chance], str(n)))
    found = pilot_variance(held)
    assert found.between == pytest.approx(1 / 18, abs=0.004)
    assert found.within == pytest.approx(1 / 6, abs=0.004)


def test_a_number_alone_is_split_as_if_chances_were_uniform_at_a_half():
    """U(0, 1): Var = 1/12, and the mean of p (1 − p) is 1/6."""
    found = assumed_variance(0.5)
    assert found.between == pytest.approx(1 / 12)
    assert found.within == pytest.approx(1 / 6)
    assert assumed_variance(0.2).variance == pytest.approx(0.16)


def test_the_power_is_what_the_plan_says():
    """Two models with chances 0.6 and 0.5 on every problem, 4 samples each: 80% of comparisons."""
    of = difference_variance(pilot_variance(constant()), 4, 1.0)
    count = problems_for_difference(0.1, of).count
    rng, found = np.random.default_rng(1), 0
    for _ in range(300):
        one, other = rng.binomial(4, 0.6, count) / 4, rng.binomial(4, 0.5, count) / 4
        d = one - other
        found += abs(d.mean()) > 1.97 * d.std(ddof=1) / np.sqrt(count)
    assert found / 300 == pytest.approx(0.8, abs=0.08)


def constant():
    """Problems with a chance of ½ each: of 4 samples, 0 to 4 right by the binomial law."""
    counts = [0] + [1] * 4 + [2] * 6 + [3] * 4 + [4]
    return [problem([R] * c + [W] * (4 - c), str(n)) for n, c in enumerate(counts * 10)]


@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
def test_shared_difficulty_and_samples_save_problems(correlation):
    of = assumed_variance(0.4)
    counts = [
        problems_for_difference(0.05, difference_variance(of, n, correlation)).count
        for n in (1, 4, 16)
    ]
    assert counts == sorted(counts, reverse=True) and counts[0] > counts[-1]
    alone = problems_for_difference(0.05, difference_variance(of, 4, 0.0)).count
    assert counts[1] <= alone


def test_what_tells_no_variance_is_refused():
    for held in ([], [problem([R, W])], [problem([R]), problem([W], "q")]):
        with pytest.raises(UsageError, match="the pilot has"):
            pilot_variance(held)
    with pytest.raises(UsageError, match="the pilot has 1 problems"):
        pilot_variance([problem([R, W]), problem([R, N], "q")])
    with pytest.raises(UsageError, match="right on 100% of all samples"):
        pilot_variance([problem([R, R]), problem([R, R], "q")])
    with pytest.raises(UsageError, match="accuracy is 1"):
        assumed_variance(1.0)
    with pytest.raises(UsageError, match="correlation is 2"):
        difference_variance(assumed_variance(0.5), 1, 2.0)

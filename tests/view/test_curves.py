"""Metrics by the number of samples, as a table: numbers by hand."""

import pytest
from problem_records import N, R, W

from whet.evaluation.samples import Sample
from whet.types import Reason
from whet.view.curves import curve_lines, curves


def samples(problem, *verdicts, **columns):
    """Samples of a problem with these verdicts, and one greedy reply that is right."""
    own = [
        Sample(
            problem=problem,
            index=i,
            correct=verdict,
            reason=Reason.VERIFIER_ERROR if verdict is None else Reason.OK,
            **{name: values[i] for name, values in columns.items()},
        )
        for i, verdict in enumerate(verdicts)
    ]
    return [Sample(problem=problem, index=0, greedy=True, correct=True), *own]


ONE = samples("one", R, W, W, W)
ALL = samples("all", R, R, R, R)


def values(found):
    return {k: estimate.value for k, estimate in found.items()}


def test_pass_at_powers_of_two_of_the_sampled_replies_alone():
    """One of four is right: 1/4, 1/2 and 1; greedy replies are of another policy."""
    found = curves(ONE)
    assert list(found) == ["pass@k"]
    assert values(found["pass@k"]) == {1: 0.25, 2: 0.5, 4: 1.0}
    assert values(curves([*ONE, *ALL])["pass@k"]) == {1: 0.625, 2: 0.75, 4: 1.0}


def test_the_fewest_samples_of_a_problem_end_the_curves():
    assert list(curves([*ONE, *samples("two", R, W)])["pass@k"]) == [1, 2]


def test_votes_where_the_reward_says_what_it_compared():
    """Two votes for each of two answers are a tie, and half right; so is every smaller draw."""
    found = curves(samples("tie", R, R, W, W, extracted=["a", "a", "b", "b"]))
    assert list(found) == ["pass@k", "maj@k"]
    assert values(found["maj@k"]) == pytest.approx({1: 0.5, 2: 0.5, 4: 0.5})


def test_chains_where_something_checked_them():
    """Three right answers, one of them with a right chain: pass@2 is 1, and CoT-pass@2 is 1/2."""
    found = curves(samples("chain", R, R, R, W, chain_correct=[R, W, W, W]))
    assert list(found) == ["pass@k", "CoT-pass@k"]
    assert values(found["pass@k"])[2] == 1.0
    assert values(found["CoT-pass@k"]) == pytest.approx({1: 0.25, 2: 0.5, 4: 1.0})


def test_the_table_has_a_row_for_each_k_and_a_column_for_each_metric():
    votes = samples("tie", R, R, W, W, extracted=["a", "a", "b", "b"])
    lines = curve_lines(curves([*votes, *samples("all", *[R] * 4, extracted=["c"] * 4)]))
    assert lines[0].split() == ["k", "pass@k", "maj@k"]
    assert [line.split()[0] for line in lines[1:]] == ["1", "2", "4"]
    assert [line.split()[1] for line in lines[1:]] == ["0.750", "0.917", "1.000"]
    assert all(line.count("[") == 2 and line == line.rstrip() for line in lines[1:])


def test_a_missing_verdict_is_counted_and_no_wrong_one():
    found = curves([*ONE, *samples("fault", N, R, R, R)])["pass@k"][1]
    assert (found.least, found.most) == (0.5, 0.625)
    assert (found.problems, found.of) == (2, 2)


def test_nothing_sampled_is_no_table():
    assert curve_lines(curves(())) == []
    assert curve_lines(curves([Sample(problem="a", index=0, greedy=True)])) == []

"""The doctor against the base evaluation: each sign of a hack beside a run that lacks it."""

import pytest
from doctor_rows import BASE, SAMPLES, evaluation, metric, training
from small import followed, small

from whet.evaluation.apart import Apart
from whet.evaluation.samples import Sample
from whet.training.doctor import Doctor
from whet.training.ledger import Ledger


def wrong(*evaluations, **changes):
    found = Doctor().examine([*training(**changes), *evaluations])
    return [finding.message for finding in found if finding.bad]


def final(**changes):
    return evaluation("final", 6, **changes)


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (final(correct=0.4, wrong=0.9), "explains 0.000 of it"),
        (final(correct=0.02, wrong=0.9), "accuracy fell from 0.400 to 0.020"),
        (final(correct=0.55, wrong=0.9), "the reward may be hacked"),
        (final(correct=0.05, wrong=0.38), "blind to what is right"),
        (final(correct=0.4, commonest=0.9), "policy has collapsed"),
        (final(correct=0.4, length=60.0), "length grew from 20 to 60"),
        (final(correct=0.4, truncated=0.5), "cut off"),
        (final(correct=0.4, wrong=1.0, reward_std=0.01), "the reward is saturated"),
    ],
)
def test_a_sign_of_a_hack_is_named(last, said):
    assert any(said in message for message in wrong(BASE, last))


@pytest.mark.parametrize(
    "last",
    [
        final(correct=0.9),  # it learned
        final(correct=0.9, length=60.0),  # it learned, with longer replies
        final(correct=0.9, commonest=0.95),  # one text is the right one
        final(correct=0.45, wrong=0.05),  # within the noise
        final(correct=0.05),  # worse, and the reward says so
        final(correct=0.4, truncated=0.1),
    ],
)
def test_its_healthy_twin_is_left_alone(last):
    assert wrong(BASE, last) == []


def test_partial_credit_may_rise_along_with_accuracy():
    graded = evaluation("base", 0, wrong=0.3)
    assert wrong(graded, final(correct=0.95, wrong=0.5)) == []
    assert wrong(graded, final(correct=0.4, wrong=0.9))


@pytest.mark.parametrize("scale", [100.0, 1e-3])
def test_the_unit_of_the_reward_does_not_matter(scale):
    """0.9 of the scale for wrong replies; the spread is that of the base."""

    def scaled(kind, step, wrong_ones, correct):
        row = evaluation(kind, step, correct, right=scale, wrong=wrong_ones * scale)
        row["metrics"]["reward_std"] = metric(0.5 * scale, SAMPLES)
        return row

    assert any(
        "hacked" in m for m in wrong(scaled("base", 0, 0.0, 0.4), scaled("final", 6, 0.9, 0.4))
    )
    assert not wrong(scaled("base", 0, 0.0, 0.4), scaled("final", 6, 0.0, 0.9))


@pytest.mark.parametrize("problems", [10, 100])
@pytest.mark.parametrize(("right", "wrong_ones"), [(1.0, 0.0), (1.0, -1.0), (0.0, -1.0), (100, 0)])
@pytest.mark.parametrize(("before", "after"), [(0.0, 1.0), (0.0, 0.5), (0.75, 1.0), (0.5, 0.9)])
def test_a_rise_that_right_answers_explain_is_no_hack(problems, right, wrong_ones, before, after):
    """Rewards are those of right and wrong, and their spread is that of the shares."""

    def honest(kind, step, share):
        row = evaluation(kind, step, share, right, wrong_ones)
        spread = abs(right - wrong_ones) * (share * (1 - share)) ** 0.5
        few = {
            name: metric(row["metrics"][name]["value"], problems) for name in ("reward", "pass@1")
        }
        row["metrics"] |= few | {"reward_std": metric(spread, 4 * problems)}
        return row

    assert wrong(honest("base", 0, before), honest("final", 6, after)) == []


def test_a_small_reward_is_told_with_its_digits():
    small_ones = [evaluation("base", 0, 0.0), evaluation("final", 6, 0.0, wrong=2e-6)]
    small_ones[0]["metrics"]["reward_std"] = metric(1e-6, SAMPLES)
    small_ones[1]["metrics"]["reward_std"] = metric(1e-6, SAMPLES)
    assert any("rose from 0.000 to 2e-06" in message for message in wrong(*small_ones))


def test_a_reward_that_teaches_first_and_is_hacked_later_is_named():
    """Accuracy ends above the base, and far below its best: the two ends tell nothing."""
    peak = evaluation("periodic", 3, 0.8)
    told = wrong(BASE, peak, final(correct=0.5, wrong=0.7))
    assert any("from the periodic evaluation of step 3 to the final" in m for m in told)


def test_correct_that_is_a_threshold_of_the_reward_can_not_contradict_it():
    assert wrong(BASE, final(correct=0.4, wrong=0.9), shaped=0.0) == []


def test_the_signs_are_counted_from_the_samples():
    def sample(text, score, **more):
        return Sample(problem="p", index=0, text=text, score=score, **more)

    held = Apart.of(
        [
            sample("a", 1.0, correct=True),
            sample("b", 0.25, correct=False),
            sample("b", 0.5, correct=False),
            sample("b", 0.5),
            sample("c", 9.0, correct=True, greedy=True),
        ]
    )
    assert held == Apart(right=(1.0,), wrong=(0.25, 0.5), commonest=3, samples=4)


def test_an_evaluation_records_them(tmp_path):
    followed(small(steps=0, warmup=()), tmp_path)
    [base] = [row for row in Ledger(tmp_path).rows() if row["kind"] == "base"]
    told = base["metrics"]
    right, others = told["reward_right"], told["reward_wrong"]
    assert right["of"] + others["of"] == told["commonest"]["of"] == 20
    assert others["value"] == 0.0 and right["value"] in (1.0, None)
    assert told["commonest"]["value"] >= 1 / 20

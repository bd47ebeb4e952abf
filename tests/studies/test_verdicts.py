"""Verdicts of contrasts over seeds, with numbers by hand, and the control that has to fail."""

from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whet.evaluation.statistics.decision import Claim, StudyOutcome
from whet.studies.plan import Contrast, Identity
from whet.studies.rows import StudyRow
from whet.studies.verdicts import sameness, swapped, verdicts

SEEDS = (0, 1, 2, 3, 4, 5)


def row(arm, seed, endpoint, weights=""):
    stopped = "NaN" if endpoint is None else ""
    return StudyRow(
        study="s",
        tier="full",
        arm=arm,
        seed=seed,
        settings="x",
        endpoint=endpoint,
        weights=weights,
        stopped=stopped,
    )


def rows(**arms):
    return [row(arm, seed, y) for arm, ys in arms.items() for seed, y in enumerate(ys)]


def contrast(name="gain", claim=Claim.HIGHER, delta=0.1, **weights):
    return Contrast(name=name, weights=weights, claim=claim, delta=delta)


GAIN = contrast(true=1.0, none=-1.0)
HALF = contrast("half", Claim.LOWER, 0.0, coin=1.0, true=-0.5, none=-0.5)
TRUE = [0.5, 0.6, 0.7, 0.8, 0.7, 0.6]
NONE = [0.2, 0.25, 0.2, 0.25, 0.2, 0.25]
COIN = [0.1, 0.2, 0.1, 0.2, 0.1, 0.2]


def test_weighted_sums_are_paired_by_seed():
    gain, half = verdicts("s", [GAIN, HALF], SEEDS, rows(true=TRUE, none=NONE, coin=COIN))
    assert gain.decision.effect == pytest.approx(fmean([0.3, 0.35, 0.5, 0.55, 0.5, 0.35]))
    assert half.decision.effect == pytest.approx(
        fmean([-0.25, -0.225, -0.35, -0.325, -0.35, -0.225])
    )
    assert (gain.decision.verdict, half.decision.verdict) == (
        StudyOutcome.SUPPORTED,
        StudyOutcome.SUPPORTED,
    )
    # six equal signs: p = 2 / 2^6, and Holm of two multiplies the smaller one by 2
    assert gain.decision.p == half.decision.p == 0.03125
    assert gain.holm_p == half.holm_p == 0.0625
    assert not gain.holds_after_holm


def test_the_order_of_rows_is_no_matter():
    held = rows(true=TRUE, none=NONE)
    assert verdicts("s", [GAIN], SEEDS, held) == verdicts("s", [GAIN], SEEDS, held[::-1])


@pytest.mark.parametrize(
    ("true", "verdict"),
    [
        (NONE, StudyOutcome.INCONCLUSIVE),  # all differences are 0, at δ .1: see below
        ([0.0] * 6, StudyOutcome.REVERSED),
        ([x + 0.05 for x in NONE], StudyOutcome.REFUTED),
    ],
)
def test_every_verdict_is_decided_as_declared(true, verdict):
    found = verdicts("s", [GAIN], SEEDS, rows(true=true, none=NONE))[0].decision.verdict
    assert found is (StudyOutcome.REFUTED if true is NONE else verdict)


def test_a_missing_row_is_named_and_nothing_is_decided():
    held = [one for one in rows(true=TRUE, none=NONE, coin=COIN) if one.cell != ("coin", 3)]
    gain, half = verdicts("s", [GAIN, HALF], SEEDS, held)
    assert (half.decision, half.control, half.missing) == (None, None, (("coin", 3),))
    assert gain.decision.verdict is StudyOutcome.SUPPORTED
    assert gain.holm_p == 0.0625  # the other one counts, undecided as it is


def test_a_run_that_was_stopped_is_a_missing_row_and_no_zero():
    held = rows(true=[*TRUE[:-1], None], none=NONE)
    assert verdicts("s", [GAIN], SEEDS, held)[0].missing == (("true", 5),)


def test_rows_of_other_seeds_are_not_used():
    held = [*rows(true=TRUE, none=NONE), row("true", 99, 0.0), row("none", 99, 1.0)]
    assert verdicts("s", [GAIN], SEEDS, held) == verdicts("s", [GAIN], SEEDS, held[:-2])


@pytest.mark.parametrize("count", [2, 5, 6, 8])
def test_half_of_the_seeds_are_swapped_the_same_ones_each_time(count):
    seeds = range(count)
    assert len(swapped("name", seeds)) == count // 2
    assert swapped("name", seeds) == swapped("name", [*seeds][::-1])
    assert swapped("name", seeds) <= set(seeds)


def test_the_name_of_the_study_draws_the_swapped_seeds():
    assert len({swapped(f"study {i}", SEEDS) for i in range(50)}) > 10


def test_the_control_turns_the_swapped_seeds_round():
    found = verdicts("s", [GAIN], SEEDS, rows(true=TRUE, none=NONE))[0]
    turned = swapped("s", SEEDS)
    signs = [-1 if seed in turned else 1 for seed in SEEDS]
    by_hand = fmean(sign * (a - b) for sign, a, b in zip(signs, TRUE, NONE, strict=True))
    assert found.control.effect == pytest.approx(by_hand)
    assert found.control.verdict is StudyOutcome.INCONCLUSIVE


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(0.01, 1.0), min_size=6, max_size=8),
    st.sampled_from(["a", "b", "spurious_rewards", "group_baselines"]),
)
def test_labels_that_mean_nothing_never_give_a_difference(gains, name):
    held = rows(true=gains, none=[0.0] * len(gains))
    found = verdicts(name, [contrast(delta=0.0, true=1.0, none=-1.0)], range(len(gains)), held)[0]
    assert found.decision.p < 0.05
    assert not found.control_failed


def test_arms_that_end_alike_do_so_in_weights_and_in_number():
    identity = [Identity(one="constant", other="none")]
    held = [row("constant", s, 0.25, f"w{s}") for s in (0, 1, 2)]
    other = [row("none", 0, 0.25, "w0"), row("none", 1, 0.25, "w9"), row("none", 2, 0.5, "w2")]
    (found,) = sameness(identity, (0, 1, 2, 3), [*held, *other])
    assert found.broken == (1, 2)
    assert found.missing == (("constant", 3), ("none", 3))

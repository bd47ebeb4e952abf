"""The doctor reads a ledger: what it says of right-or-wrong rewards and of graded ones."""

import pytest

from whet.training.doctor import Doctor

RISING = [0.1, 0.2, 0.3, 0.4, 0.6]
LOW = [0.01, 0.01, 0.02, 0.02, 0.03]
NONE = [0.0] * 5
ALL = [1.0] * 5


def steps(**curves):
    """Rows of a ledger: a sound run, but for the curves given; None: not in the ledger."""
    count = len(next(iter(curves.values())))
    usual = {"correct": 0.5, "varied": 0.9, "entropy": 1.0, "truncated": 0.0, "clipped": 0.0}
    usual |= {"reward": 0.5, "length": 10.0, "faults": 0.0, "drift_max": 1e-6}
    usual |= {"reward_min": 0.0, "reward_max": 1.0, "graded": 0.0, "shaped": 0.0}
    rows = []
    for i in range(count):
        held = usual | {name: curve[i] for name, curve in curves.items()}
        metrics = {name: {"value": v, "of": 10} for name, v in held.items()}
        rows.append({"kind": "step", "phase": 0, "step": i, "metrics": metrics})
    return rows


def told(**curves):
    return Doctor().examine(steps(**curves))


def words(**curves):
    return "\n".join(finding.message for finding in told(**curves))


@pytest.mark.parametrize(
    ("curves", "said"),
    [
        ({"reward": [0, 0, 0.3, 0.6, 0.9]}, "the reward may be hacked"),
        ({"length": [10, 20, 30, 40, 50]}, "without accuracy"),
        ({"length": [10, 20, 30, 40, 50], "reward": RISING[::-1]}, "without accuracy"),
        ({"truncated": [0, 0, 0, 0.5, 0.9]}, "cut off"),
        ({"drift_max": [0, 0, 0, 2.0, 0]}, "differ by at most 2 nats"),
    ],
)
def test_it_finds_what_is_wrong(curves, said):
    found = told(**curves)
    assert [f.bad for f in found if said in f.message] == [True]
    assert sum(f.bad for f in found) == 1


def test_it_leaves_a_sound_run_alone():
    curve = [0.1, 0.3, 0.5, 0.7, 0.9]
    found = told(correct=curve, reward=curve)
    assert not any(finding.bad for finding in found)
    assert "accuracy rose from 0.100 to 0.900" in " ".join(f.message for f in found)


def test_where_no_reply_earns_full_marks_it_speaks_of_the_reward():
    found = told(correct=NONE, reward=RISING, graded=ALL)
    said = "\n".join(finding.message for finding in found)
    assert "no reply counts as correct (score ≥ 1)" in said
    assert "mean rose from 0.100 to 0.600" in said
    assert "accuracy 0" not in said
    assert "few groups have a gradient" not in said
    assert not any(finding.bad for finding in found)


def test_where_no_reply_is_ever_right_it_says_so_too():
    assert "training accuracy went from 0.000 to 0.000" in words(correct=NONE, reward=NONE)


def test_a_judge_that_does_not_say_what_is_correct():
    said = words(correct=[None] * 5, reward=RISING, graded=ALL)
    assert "scores only, without correctness" in said
    assert "mean rose from 0.100 to 0.600" in said


def test_little_is_left_to_learn_where_rewards_agree_and_not_where_correct_does():
    assert "few groups have a gradient" in words(varied=[0.9, 0.9, 0.5, 0.2, 0.1])
    assert "few groups have a gradient" not in words(correct_varied=NONE, varied=[0.9] * 5)


@pytest.mark.parametrize("scale", [1.0, 10.0, 0.1, 1e-3])
def test_a_rise_is_measured_in_the_rewards_own_range(scale):
    """0.1 → 0.6 of what rewards can be, while accuracy stays."""
    curves = {"reward": [scale * x for x in RISING], "reward_max": [scale] * 5, "shaped": ALL}
    assert any("hacked" in f.message for f in told(**curves) if f.bad)


def test_a_small_rise_on_a_wide_scale_is_no_alarm():
    """0.5 in a range of 20 is 2.5%; the same in a range of 1 would be an alarm."""
    wide = {"reward_min": [-10.0] * 5, "reward_max": [10.0] * 5, "shaped": ALL}
    assert not any(f.bad for f in told(reward=RISING, **wide))
    assert any(f.bad for f in told(reward=RISING, shaped=ALL))


def test_a_threshold_of_the_reward_can_not_contradict_it():
    """Graded rewards, and correct is a reward of 1: a note.  An independent correct: an alarm."""
    lonely = told(reward=RISING, correct=LOW, graded=ALL)
    assert [f.bad for f in lonely if "hacked" in f.message] == [False]
    independent = told(reward=RISING, correct=LOW, graded=ALL, shaped=[0.1] * 5)
    assert [f.bad for f in independent if "hacked" in f.message] == [True]


def test_length_may_grow_with_a_graded_reward():
    longer = [10, 20, 30, 40, 50]
    assert not any(f.bad for f in told(reward=RISING, correct=NONE, graded=ALL, length=longer))
    stuck = told(reward=[0.3] * 5, correct=NONE, graded=ALL, length=longer)
    assert [f.bad for f in stuck if "without reward" in f.message] == [True]


def test_a_ledger_without_the_newer_metrics_is_read_as_ever():
    old = ["reward_min", "reward_max", "graded", "shaped"]
    curves = {name: [None] * 5 for name in old}
    assert any("hacked" in f.message for f in told(reward=RISING, **curves) if f.bad)

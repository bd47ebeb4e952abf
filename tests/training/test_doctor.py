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


def known(value, of=10):
    return {"value": value, "of": of}


def ledger(count, **metrics):
    """Rows of steps with these metrics and no others."""
    return [{"kind": "step", "phase": 0, "step": i, "metrics": metrics} for i in range(count)]


def said_of(rows):
    return "\n".join(finding.message for finding in Doctor().examine(rows))


def test_a_run_of_faults_is_a_problem_and_has_no_numbers():
    nothing = {name: known(None, 0) for name in ("reward", "correct", "varied", "entropy")}
    rows = ledger(6, faults=known(1.0, 8), length=known(4.0, 8), **nothing)
    found = Doctor().examine(rows)
    assert [f.message for f in found if f.bad] == [
        "48 of 48 rollouts could not be judged; they were masked out (rollouts/ holds their notes)"
    ]
    said = said_of(rows)
    assert "0.000" not in said and "nan" not in said and "0%" not in said
    assert "reward 0" in said and "entropy 0" in said  # the metrics that no step has


def test_constant_rewards_of_a_reward_that_only_scores():
    """{'score': 1.0} from every reply: the algorithm teaches 36 tokens a step nevertheless."""
    rows = ledger(
        6,
        reward=known(1.0, 8),
        correct=known(None, 0),
        varied=known(0.0, 2),
        taught=known(1.0, 36),
        faults=known(0.0, 8),
    )
    said = said_of(rows)
    assert "accuracy is not known: the reward gives scores only" in said
    assert "0% of the groups at the end (0 of 2)" in said
    assert "100% of the tokens have a gradient (36 of 36)" in said
    assert "few groups have a gradient" not in said


def test_a_gate_explains_rewards_that_seldom_vary():
    low = {"varied": [0.1] * 5, "taught": ALL}
    assert "gate rejects" in words(**low, admitted=[0.1] * 5)
    assert "not relative to the group" in words(**low, admitted=ALL)


def test_a_gate_that_admits_nothing_is_told_from_rewards_that_agree():
    said = words(admitted=NONE, varied=[0.9] * 5)
    assert "admits 0 of 10 groups" in said and "score_spread" in said
    assert "score_spread" not in words(admitted=[0.5] * 5, varied=[0.9] * 5)


def test_a_gate_without_correctness_compares_scores_and_that_is_said():
    said = words(admitted=[0.5] * 5, correct=[None] * 5)
    assert "gives no correctness" in said and "scores" in said
    assert "gives no correctness" not in words(admitted=[0.5] * 5)


def test_too_few_known_steps_are_no_curve():
    few = [0.1, None, 0.9, None, None, None]
    said = words(correct=few, entropy=[None] * 6)
    assert "accuracy is not known: 2 of 6 steps" in said
    assert "correct 2" in said and "entropy 0" in said
    assert "0.900" not in said


def test_every_share_states_its_counts():
    said = words(truncated=[0.0, 0.0, 0.0, 0.0, 0.9], clipped=ALL)
    assert "(9 of 10)" in said and "(10 of 10)" in said


def test_a_mean_over_steps_is_weighted_by_what_it_is_over():
    """The last two of ten steps: 1 of 1 cut off, 1 of 9: 2 of 10."""
    rows = ledger(10, reward=known(0.5), truncated=known(0.0))
    rows[-2]["metrics"] = {"truncated": known(1.0, 1)}
    rows[-1]["metrics"] = {"truncated": known(1 / 9, 9)}
    assert "cut off" not in said_of(rows)  # 0.2, and not (1 + 1/9) / 2
    rows[-1]["metrics"] = {"truncated": known(2 / 9, 9)}
    assert "(3 of 10)" in said_of(rows)


@pytest.mark.parametrize("rows", [[], ledger(1), ledger(7)])
def test_a_ledger_without_any_metric_is_read(rows):
    said = said_of(rows)
    assert "nan" not in said and "0.000" not in said


def test_an_evaluation_with_unknown_problems_is_pointed_out():
    metrics = {"known_greedy": known(1.0, 10), "known_pass@16": known(0.7, 10)}
    said = said_of([{"kind": "final", "phase": 0, "step": 3, "metrics": metrics}])
    assert "final evaluation knows pass@16 for 7 of 10 problems" in said

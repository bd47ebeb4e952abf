"""A measurement as lines and as a document."""

import json
from dataclasses import replace
from math import nan

import pytest

from whet.evaluation.intervals import Estimate
from whet.evaluation.measure import Scorecard
from whet.evaluation.replies import SCORE_ONLY, Missing, Replies
from whet.evaluation.scores import Rewards, ScoreRange
from whet.view.scorecard import changes, document, lines, mark


def known(value, low, high):
    """An estimate over 8 problems, all of them known."""
    return Estimate(value=value, low=low, high=high, problems=8, of=8, least=value, most=value)


NOTHING = Estimate(value=nan, low=nan, high=nan, problems=0, of=8, least=0.0, most=1.0)
REWARDS = Rewards(
    mean=known(0.25, 0.2, 0.3),
    std=0.125,
    std_within=0.0625,
    graded=0.75,
    samples=32,
    asked=32,
    repeated=8,
    limits=ScoreRange(least=0.0, most=0.5, assumed=True),
)


def replies(count, tokens, *missing):
    return Replies(
        count=count,
        tokens=tokens,
        truncated=0,
        right=0,
        right_truncated=0,
        faults=0,
        not_applicable=0,
        missing=missing,
    )


CARD = Scorecard(
    reward=REWARDS,
    greedy_reward=known(0.5, 0.4, 0.6),
    greedy=known(0.0, 0.0, 0.324),
    pass_at={1: known(0.0, 0.0, 0.324), 4: known(0.0, 0.0, 0.324)},
    once=replies(8, 80),
    often=replies(32, 400),
    samples=4,
    problems=8,
    not_applicable=0,
    seconds=1.5,
    rows=(),
)


def test_a_graded_reward_comes_first_with_interval_and_spread():
    said = lines(CARD)
    assert said[0].split()[:4] == ["reward", "0.250", "[0.200,", "0.300]"]
    assert "std 0.125, within a problem 0.062" in said[0]
    assert said[1].split()[:3] == ["greedy", "reward", "0.500"]
    assert "greedy pass@1" in said[2] and "length 10.0" in said[2]
    assert "sampled pass@1" in said[3] and "length 12.5" in said[3]
    assert "graded: 75%" in said[-1]
    assert max(map(len, said)) <= 110


def test_right_or_wrong_rewards_need_no_remark():
    plain = replace(CARD, reward=replace(REWARDS, graded=0.0), greedy_reward=CARD.greedy)
    assert len(lines(plain)) == 5  # the greedy reward is the share of correct greedy replies
    assert not any("graded" in line for line in lines(plain))


def test_a_judge_that_gives_scores_alone_is_no_failure():
    lacks = [Missing(reason=SCORE_ONLY, count=count, note="") for count in (8, 32)]
    silent = replace(
        CARD,
        greedy=NOTHING,
        pass_at={1: NOTHING},
        once=replies(8, 80, lacks[0]),
        often=replies(32, 400, lacks[1]),
    )
    said = "\n".join(lines(silent))
    assert "nan" not in said and "0.000" not in said
    assert sum("pass@1" in line and "not known: the" in line for line in lines(silent)) == 2
    assert "accuracy is not known" in said
    found = json.loads(json.dumps(document(silent), allow_nan=False))
    for estimate in (found["greedy"], found["pass_at"]["1"]):
        assert estimate["value"] is estimate["low"] is estimate["high"] is None
        assert (estimate["problems"], estimate["of"]) == (0, 8)
        assert estimate["why"] == "the reward gives scores only"
    assert found["reward"]["why"] == ""


def test_two_measurements_side_by_side():
    after = replace(CARD, reward=replace(REWARDS, mean=known(0.75, 0.7, 0.8), std=0.25))
    said = changes(CARD, after)
    assert "0.250 [0.200, 0.300] → 0.750 [0.700, 0.800]   std 0.125 → 0.250" in said[0]
    assert sum("→" in line for line in said) == 6


def test_the_document_has_rewards_beside_what_is_correct():
    found = document(CARD)
    ends = {"value": 0.25, "low": 0.2, "high": 0.3, "least": 0.25, "most": 0.25}
    assert found["reward"] == ends | {"problems": 8, "of": 8, "why": ""}
    assert (found["reward_std"], found["reward_std_within"]) == (0.125, 0.0625)
    assert found["graded"] == 0.75
    assert found["greedy_reward"]["value"] == 0.5
    assert found["pass_at"]["4"]["value"] == 0.0


@pytest.mark.parametrize(
    ("score", "correct", "sign"),
    [
        (1.0, True, "✓"),
        (0.0, False, "✗"),
        (0.0, True, "✓"),
        (0.35, False, "0.35"),
        (1.0, None, "1.00"),
        (None, None, "?"),
    ],
)
def test_a_sign_for_a_verdict_a_number_for_a_graded_one(score, correct, sign):
    assert mark(score, correct=correct) == sign

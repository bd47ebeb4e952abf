"""Resampling on correct: the cleanest right rollouts stay, wrong ones evenly."""

import pytest
from recorded import recorded
from simulated import opened

from whet.sampling.dynamic.reply_penalties import AnswerTags, ToolErrors
from whet.sampling.dynamic.resample_on_correct import ResampleOnCorrect
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.types import Group, Task, UsageError, Verdict

TASK = Task(id="t", prompt="?")
ANSWER = "<answer>4</answer>"


def said(*turns, correct: bool | None = True, seed=0, **more):
    verdict = Verdict.unjudged("away") if correct is None else Verdict.binary(correct=correct)
    return recorded(task=TASK, seed=seed, turns=turns, verdict=verdict, **more)


def kept(part, members):
    sizer = opened(Standard(prompts=Uniform(per_step=1), size=part)).slots.size
    keep = sizer.after(Group.of(members)).keep
    return [i for i, flag in enumerate(keep) if flag]


@pytest.mark.parametrize(
    ("turns", "errors", "tags"),
    [
        (("?", ANSWER), 0.5, 0.0),
        (("?", "4"), 0.5, 1.0),
        (("?", "<answer>4"), 0.5, 1.0),
        (("?", "call", "Error: no", "call", "4", ANSWER), 0.5, 0.0),
        (("?", "call", "4", ANSWER), 0.0, 0.0),
        (("?", "call", "an ERROR", ANSWER), 1.0, 0.0),
        (("?", ANSWER + ANSWER), 0.5, 1.0),
        (("?", ANSWER, "ok", ANSWER), 0.0, 0.5),
    ],
)
def test_penalties_by_hand(turns, errors, tags):
    rollout = said(*turns)
    assert (ToolErrors()(rollout), AnswerTags()(rollout)) == (errors, tags)


def test_right_ones_with_the_least_penalty_stay_and_the_first_wrong_ones():
    members = [
        said("?", "call", "error", ANSWER, seed=0),
        said("?", "x", correct=False, seed=1),
        said("?", "call", "4", ANSWER, seed=2),
        said("?", "x", correct=False, seed=3),
        said("?", ANSWER, seed=4),
        said("?", "x", correct=False, seed=5),
        said("?", "call", "4", "4", seed=6),
        said("?", "x", correct=False, seed=7),
    ]
    assert kept(ResampleOnCorrect(rollouts=8, keep=4), members) == [1, 2, 3, 4]


def test_equal_penalties_keep_the_order_and_faults_and_demonstrations_are_apart():
    shown = said(
        "?", "4", seed=9, forced=1, tokens=(1, 2), chosen=(False, True), behaviour_logp=(0.0,)
    )
    members = [said("?", ANSWER, seed=i) for i in range(4)]
    members += [said("?", "x", correct=None, seed=5), shown]
    assert kept(ResampleOnCorrect(rollouts=6, keep=2, least=1), members) == [0, 1, 5]
    assert kept(ResampleOnCorrect(rollouts=6, keep=6), members) == [0, 1, 2, 3, 5]


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        (16, 16, 8),
        (30, 2, 2),  # 1 by its share, and at least 2
        (31, 1, 1),  # there is one only
        (2, 30, 14),  # 2 right ones at least
        (1, 31, 15),
        (32, 0, 0),
        (0, 32, 16),
        (24, 8, 4),
    ],
)
def test_the_shares_of_right_and_wrong_stay_with_at_least_two_of_each(right, wrong, expected):
    assert ResampleOnCorrect().wrong_kept(right, wrong) == expected


def test_every_split_of_every_size_is_filled():
    part = ResampleOnCorrect(rollouts=12, keep=6)
    for known in range(7, 13):
        for right in range(known + 1):
            wrong = part.wrong_kept(right, known - right)
            assert 0 <= wrong <= known - right and 0 <= 6 - wrong <= right


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"keep": 0}, "sampling.size.keep is 0"),
        ({"rollouts": 8}, r"rollouts is 8"),
        ({"least": 9}, "sampling.size.least is 9"),
        ({"threshold": 1.0}, "sampling.size.threshold is 1.0"),
    ],
)
def test_impossible_settings_are_refused_by_field(fields, field):
    with pytest.raises(UsageError, match=field):
        ResampleOnCorrect(**fields)

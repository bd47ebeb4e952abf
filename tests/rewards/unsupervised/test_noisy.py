"""A judge that is wrong now and then: how often, when, and about what it never lies."""

from dataclasses import dataclass
from statistics import fmean

import pytest
from said import Marks, asked, replied, scores

from whet.protocols import Reward
from whet.rewards.unsupervised.noisy import Noisy
from whet.types import Reason, UsageError, Verdict

MIXED = [replied(text, seed=i) for i, text in enumerate(["#42", "#41", "#42", "#7"])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grades(Reward):
    """Everyone earns the same."""

    grade: float

    def score(self, rollout):
        return Verdict(reason=Reason.PARTIAL, score=self.grade)


def test_never_and_always():
    assert scores(asked(Noisy(probability=0.0, inner=Marks()), MIXED)) == [1, 0, 1, 0]
    turned = asked(Noisy(probability=1.0, inner=Marks()), MIXED)
    assert scores(turned) == [0, 1, 0, 1]
    assert [v.correct for v in turned] == [True, False, True, False]
    assert [v.parts["unshaped"] for v in turned] == [1, 0, 1, 0]
    assert all(v.parts["flipped"] == 1 for v in turned)


def test_a_fifth_of_the_verdicts_is_turned_round_and_their_mean_is_as_promised():
    group = [replied("#42" if i % 4 == 0 else "#7", seed=i) for i in range(4000)]
    found = asked(Noisy(inner=Marks()), group)
    assert fmean(v.parts["flipped"] for v in found) == pytest.approx(0.2, abs=0.02)
    for right in (True, False):
        mean = fmean(v.score for v in found if v.correct is right)
        assert mean == pytest.approx(0.2 + 0.6 * right, abs=0.03)


def test_what_is_drawn_depends_on_the_rollout_and_not_on_its_neighbours():
    group = [replied("#42", seed=i) for i in range(50)]
    judge = Noisy(probability=0.5, inner=Marks())
    assert scores(asked(judge, group))[20:30] == scores(asked(judge, group[20:30]))
    assert len(set(scores(asked(judge, group)))) == 2


def test_a_grade_is_turned_round_within_its_range():
    assert scores(asked(Noisy(probability=1.0, inner=Grades(grade=0.25)), MIXED)) == [0.75] * 4


@pytest.mark.parametrize("grade", [-0.1, 1.1])
def test_a_grade_out_of_range_is_a_fault(grade):
    found = asked(Noisy(inner=Grades(grade=grade)), MIXED)
    assert all(v.fault and "outside [0, 1]" in v.note for v in found)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(wrong):
    with pytest.raises(UsageError, match=r"noisy\.probability is .*; give one between 0 and 1"):
        Noisy(probability=wrong)

"""Rewards that pay for exploration."""

from math import exp

import pytest
from recorded import recorded
from said import Marks, asked, replied, scores

from whet.rewards.shaping.dace import Dace
from whet.rewards.shaping.novelty import Novelty
from whet.types import RunSpec, UsageError

SPEC = RunSpec(samples=4, max_new_tokens=8, steps=1, minibatches=1)


def sure(answer, logp, **fields):
    """A reply of four tokens, each with this log-prob."""
    return replied(f"#{answer}", length=4, probabilities=(exp(logp),) * 4, **fields)


def bonuses(judge, group):
    return [verdict.parts["dace"] for verdict in asked(judge, group)]


def test_dace_by_hand_on_a_hard_task():
    """For d = .75 > β sgn is −1: −.2 and −1 become +.02 and +.1, so the uncertain reply gains."""
    group = [sure(7, -0.2), sure(7, -1.0), sure(7, -0.5), sure(42, -0.3)]
    found = asked(Dace(inner=Marks()), group)
    assert scores(found) == pytest.approx([0.02, 0.1, 0.05, 1.03])
    assert [v.correct for v in found] == [False] * 3 + [True]


def test_dace_by_hand_on_an_easy_task():
    group = [sure(42, -0.2), sure(42, -1.0), sure(42, -0.5), sure(7, -0.3)]
    assert bonuses(Dace(inner=Marks()), group) == pytest.approx([-0.02, -0.1, -0.05, -0.03])


def test_dace_says_nothing_in_between_and_of_a_hint():
    group = [sure(42, -0.2), sure(7, -1.0)]
    assert bonuses(Dace(inner=Marks()), group) == [0, 0]
    hinted = replied("#7", length=2, probabilities=(1.0, exp(-1.0)), forced=1)
    told = replied("#7", length=2, probabilities=(1.0, 1.0), forced=2)
    assert bonuses(Dace(inner=Marks()), [hinted, told]) == pytest.approx([0.1, 0])


def test_faults_have_no_difficulty():
    """One of two judged replies is right: d = β, whatever the fault is counted as."""
    group = [sure(42, -0.2), sure(7, -1.0), replied("fault")]
    found = asked(Dace(inner=Marks()), group)
    assert scores(found)[:2] == pytest.approx([1, 0]) and found[2].fault


def test_novelty_counts_ngrams_of_a_reply_alone():
    """Bigrams: (5,6)(6,7) · (5,6)(6,8) · (9,9) twice · none; only (6,7), (6,8), (9,9) are new."""
    rows = [(42, (5, 6, 7)), (42, (5, 6, 8)), (7, (9, 9, 9)), (42, (4,))]
    group = [
        recorded(
            task=replied("x").task,
            seed=i,
            turns=("?", f"#{answer}"),
            tokens=(1, *ids),
            chosen=(False, *(True,) * len(ids)),
            behaviour_logp=(-0.5,) * len(ids),
        )
        for i, (answer, ids) in enumerate(rows)
    ]
    found = asked(Novelty(size=2, inner=Marks()), group)
    assert scores(found) == pytest.approx([1.05, 1.05, 0, 1])  # a wrong reply earns nothing
    assert asked(Novelty(size=2, inner=Marks()), group[:1])[0].score == pytest.approx(1.1)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Dace(alpha=-1.0), "dace.alpha is -1"),
        (lambda: Dace(beta=2.0), "dace.beta is 2"),
        (lambda: Novelty(bonus=0.5), "novelty.bonus is 0.5"),
        (lambda: Novelty(size=0), "novelty.size is 0"),
    ],
)
def test_impossible_settings_are_refused_by_field(make, field):
    with pytest.raises(UsageError, match=field):
        make()


def test_settings_that_change_nothing_are_told():
    assert "novelty.size" in Novelty(size=9).run_warning(SPEC)
    assert "novelty.bonus" in Novelty(bonus=0.0).run_warning(SPEC)
    assert "dace.alpha" in Dace(alpha=0.0).run_warning(SPEC)
    assert not Dace().run_warning(SPEC) and not Novelty().run_warning(SPEC)

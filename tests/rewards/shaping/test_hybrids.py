"""A rule and a model: no wrong reply passes a right one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from said import Marks, Opinion, asked, replied, scores

from whet.protocols import Reward
from whet.rewards.shaping import Ramp
from whet.rewards.shaping.additive import Additive
from whet.rewards.shaping.annealed import Annealed
from whet.rewards.shaping.cascade import Cascade
from whet.rewards.shaping.difficulty import Difficulty
from whet.rewards.shaping.diversity import Diversity
from whet.rewards.shaping.sigmoid_hybrid import SigmoidHybrid
from whet.rewards.shaping.signed import Signed
from whet.rewards.shaping.stratified import Stratified
from whet.rewards.unsupervised import Marked
from whet.types import Reason, UsageError, Verdict


def thought(opinion, answer):
    return replied(f"<{opinion}> #{answer}")


def test_qwen_by_hand():
    """M = 2: right .731, wrong −.269."""
    judge = SigmoidHybrid(model=Opinion(), inner=Marks())
    found = asked(judge, [thought(2, 42), thought(2, 7), replied("dumb #42"), replied("fault")])
    assert scores(found)[:2] == pytest.approx([0.731, -0.269], abs=5e-4)
    assert found[0].parts == {"unshaped": 1, "rule": 1, "model": 2}
    assert found[2].fault and found[3].fault


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.booleans()), min_size=1, max_size=6))
def test_eloquence_never_wins(drawn):
    group = [thought(opinion, 42 if right else 7) for opinion, right in drawn]
    for judge in (
        SigmoidHybrid(model=Opinion(), inner=Marks()),
        Additive(model=Opinion(), inner=Marks()),
        Stratified(model=Opinion(), inner=Marks()),
    ):
        found = asked(judge, group)
        best_wrong = max((v.score for v in found if not v.correct), default=-9.0)
        assert all(v.score >= best_wrong for v in found if v.correct)


def test_additive_is_capped():
    judge = Additive(model=Opinion(), inner=Marks())
    group = [thought(5, 42), thought(-5, 42), thought(0.5, 7)]
    assert scores(asked(judge, group)) == pytest.approx([1.2, 1, 0.1])
    with pytest.raises(UsageError, match="additive.weight is 1.0"):
        Additive(model=Opinion(), weight=1.0)


def test_bands():
    judge = Stratified(model=Opinion(), inner=Marks())
    group = [thought(m, a) for m, a in ((1, 42), (3, 42), (2, 42), (9, 7), (9, 7))]
    assert scores(asked(judge, group)) == pytest.approx([0.9, 1.1, 1.0, 0, 0])


def test_a_cascade_asks_only_where_the_rule_says_no():
    class Counting(Opinion):
        def score(self, rollout):
            heard.append(rollout.reply)
            return Opinion.score(self, rollout)

    heard: list[str] = []
    group = [thought(0, 42), thought(0.93, "4 2"), thought(0.5, 7), replied("dumb #7")]
    found = asked(Cascade(model=Counting(), inner=Marks()), group)
    assert scores(found)[:3] == [1, 1, 0] and found[3].fault
    assert [v.correct for v in found[:3]] == [True, True, False]
    assert len(heard) == 3 and found[1].parts == {"rule": 0, "model": 0.93}


def test_difficulty_and_sign():
    group = [replied("42"), replied("7"), replied("7"), replied("7")]
    assert scores(asked(Difficulty(inner=Marks()), group)) == [0.75, 0, 0, 0]
    assert scores(asked(Difficulty(gamma=2.0, inner=Marks()), group))[0] == 0.75**2
    assert scores(asked(Signed(negative=0.5, inner=Marks()), group)) == [1, -0.5, -0.5, -0.5]


def test_rare_answers_earn_a_capped_bonus_if_right():
    group = [replied(f"#{a}") for a in ("42", "042", "9", "42")]
    found = asked(Diversity(reader=Marked(), inner=Marks()), group)
    assert scores(found) == pytest.approx([1 + 0.1 / 3**0.5] * 2 + [0] + [1 + 0.1 / 3**0.5])
    assert found[2].parts["diversity"] == 0
    with pytest.raises(UsageError, match="diversity.bonus is 0.5"):
        Diversity(bonus=0.5)


def test_a_weight_fades_with_the_steps():
    judge = Annealed(extra=Opinion(), weight=Ramp(steps=100), inner=Marks())
    group = [thought(1, 42)]
    faded = [asked(judge, group, step=step)[0].score for step in (0, 50, 100, 999)]
    assert faded == pytest.approx([1.2, 1.1, 1, 1])
    assert asked(judge, group)[0].score == pytest.approx(1.2)
    deep = Annealed(extra=Opinion(), weight=Ramp(start=0.0), inner=judge)
    assert [asked(deep, group, step=s)[0].score for s in (0, 50)] == pytest.approx([1.2, 1.1])


def test_who_does_not_say_what_is_right_is_no_inner_judge():
    class Vague(Reward):
        def score(self, rollout):
            return Verdict(reason=Reason.PARTIAL, score=0.5)

    with pytest.raises(UsageError, match="wrap a checker"):
        asked(Signed(inner=Vague()), [replied("42")])

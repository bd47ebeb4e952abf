"""Check, gates, components, weights, clip, masking: in this order."""

from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from said import Marks, Opinion, asked, replied, scores

from whet.protocols import Reward
from whet.rewards.dense.planning import Planning
from whet.rewards.shaping import Range, Weighed
from whet.rewards.shaping.combined import Combined
from whet.rewards.shaping.combined_freely import CombinedFreely
from whet.rewards.shaping.gated import Gated
from whet.rewards.shaping.gdpo import Gdpo, normalised
from whet.rewards.shaping.prioritised import Prioritised
from whet.rewards.shaping.saturating import Saturating
from whet.rewards.shaping.weighted_sum import WeightedSum
from whet.types import Reason, UsageError, Verdict


class Says(Reward):
    """1 where the word is said."""

    def __init__(self, word):
        self.word = word

    def score(self, rollout):
        said = self.word in rollout.reply
        return Verdict(reason=Reason.OK if said else Reason.BAD_FORMAT, score=float(said))


OPINION = Weighed(judge=Opinion(), weight=0.2)


def test_a_gate_then_components():
    """C = 1, s = .5, λ = .2: 1.1 through the gate, the floor before it."""
    judge = Gated(gates=(Says("please"),), parts=(OPINION,), floor=-1.0, inner=Marks())
    group = [replied(t) for t in ("please <.5> 42", "<.5> 42", "please <.5> 7", "please dumb 42")]
    found = asked(judge, group)
    assert scores(found)[:3] == pytest.approx([1.1, -1, 0])
    assert found[3].fault
    assert found[1].correct is True
    assert found[0].parts == {"unshaped": 1, "opinion": 0.5}
    with pytest.raises(UsageError, match="gated.floor"):
        Gated(floor=0.5)
    with pytest.raises(UsageError, match="gated.parts let a right reply score -1"):
        Gated(parts=(Weighed(judge=Opinion(), low=-2.0, high=0.0),))


def test_a_weighted_sum_adds_scores_and_credit():
    group = [replied("please 42"), replied("please 7")]
    marked = Planning(phrases=("please",), inner=Marks())
    judge = WeightedSum(rewards=(marked, Says("please"), Says("thanks")), weights=(0.5, 2.0, -1.0))
    right, wrong = asked(judge, group)
    assert [right.score, wrong.score] == [2.5, 2.0]
    assert [right.correct, wrong.correct] == [True, False]
    assert right.credit == (0.5,) * 6 + (0.0,) * 3
    assert right.parts == {"planning_tokens": 6, "planning": 1, "says": 1, "says_2": 0}
    everywhere = asked(WeightedSum(rewards=(Says("please"), Opinion())), [replied("please <.5>")])
    assert everywhere[0].score == 0.75 and everywhere[0].correct is None
    assert asked(judge, [replied("fault")])[0].fault


def test_a_weighted_sum_needs_rewards_and_finite_weights():
    with pytest.raises(UsageError, match=r"weighted_sum\.rewards"):
        WeightedSum(rewards=())
    with pytest.raises(UsageError, match=r"weighted_sum\.weights"):
        WeightedSum(rewards=(Marks(),), weights=(float("nan"),))


def test_priorities():
    parts = tuple(Weighed(judge=Says(w), weight=0.2, name=w) for w in ("please", "thanks"))
    judge = Prioritised(parts=parts, inner=Marks())
    words = ("please thanks 42", "thanks 42", "please thanks 7", "please 42")
    found = scores(asked(judge, [replied(w) for w in words]))
    assert found == pytest.approx([1.4, 1.0, 0, 1.2])


def test_combined_adds_maps_and_clips():
    part = Weighed(judge=Opinion(), weight=0.4, low=-1.0, high=1.0, name="style")
    judge = Combined(parts=(part,), inner=Marks())
    found = asked(judge, [replied("<1> 42"), replied("<0> 42"), replied("<.5> 7")])
    assert scores(found) == pytest.approx([1.4, 0.6, 0])
    assert [v.parts["style"] for v in found] == [1, -1, 0]
    narrow = Combined(parts=(part,), clip=Range(low=-1, high=1), inner=Marks())
    assert asked(narrow, [replied("<1> 42")])[0].score == 1


def test_faults_come_last_and_are_no_zeros():
    judge = Combined(parts=(OPINION,), gates=(Says("please"),), inner=Marks())
    replies = ("fault", "please dumb 42", "please <7> 42", "dumb 42")
    found = asked(judge, [replied(w) for w in replies])
    assert all(v.fault for v in found)
    assert found[2].note == "opinion scored 7.0, outside [0, 1]"


def test_an_inner_judge_that_leaves_its_range_is_a_fault():
    judge = Combined(right=Range(low=0.5, high=0.9), inner=Marks())
    right, wrong = asked(judge, [replied("42"), replied("7")])
    assert right.fault and not wrong.fault


def test_what_could_be_gamed_is_refused_unless_named():
    parts = (Weighed(judge=Opinion(), weight=0.6), Weighed(judge=Opinion(), weight=0.4, name="b"))
    with pytest.raises(UsageError, match=r"let a wrong reply score 1 and a right one 1; .*freely"):
        Combined(parts=parts)
    freely = CombinedFreely(parts=parts, inner=Marks())
    assert scores(asked(freely, [replied("<1> 7"), replied("<0> 42")])) == [1, 1]
    with pytest.raises(UsageError, match="two called 'opinion'"):
        CombinedFreely(parts=(OPINION, OPINION))
    with pytest.raises(UsageError, match="combined.floor is 1"):
        Combined(floor=1.0)


weights = st.lists(
    st.tuples(st.floats(-1, 1), st.floats(-1, 0), st.floats(0, 1)), min_size=0, max_size=3
)


@given(weights)
def test_no_accepted_configuration_lets_a_wrong_reply_win(drawn):
    parts = tuple(
        Weighed(judge=Opinion(), weight=w, low=a, high=b, name=f"p{i}")
        for i, (w, a, b) in enumerate(drawn)
    )
    try:
        judge = Combined(parts=parts, inner=Marks())
    except UsageError:
        assume(condition=False)
        return
    extremes = [replied(f"<{s}> {a}") for s, a in product((0, 1), ("42", "7"))]
    found = asked(judge, extremes)
    assert min(v.score for v in found if v.correct) > max(v.score for v in found if not v.correct)


def test_gdpo_by_hand():
    """Acc [1, 0], len [.9, .1], weights 1 and .2 → ±1.2."""
    judge = Gdpo(parts=(OPINION,), inner=Marks())
    group = [replied("<.9> 42"), replied("<.1> 7"), replied("fault")]
    found = asked(judge, group)
    assert scores(found)[:2] == pytest.approx([1.2, -1.2]) and found[2].fault
    assert normalised([3.0, 3.0]) == [0, 0] and normalised([]) == []
    assert asked(judge, [replied("fault")])[0].fault


def test_what_is_saturated_counts_less():
    judge = Saturating(parts=(Weighed(judge=Opinion()),), inner=Marks())
    group = [replied("<1> 42"), replied("<0> 42"), replied("<1> 42"), replied("<0> 7")]
    assert scores(asked(judge, group)) == pytest.approx([0.75, 0.25, 0.75, 0])


def test_a_weight_is_finite_and_a_range_has_an_order():
    with pytest.raises(UsageError, match="weighed.weight"):
        Weighed(judge=Opinion(), weight=float("nan"))
    with pytest.raises(UsageError, match="weighed.low"):
        Weighed(judge=Opinion(), low=1.0, high=0.0)
    with pytest.raises(UsageError, match="range.low"):
        Range(low=1.0, high=0.0)

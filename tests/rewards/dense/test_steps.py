"""Credit of steps, turns and hesitation: hand numbers."""

from dataclasses import dataclass, replace

import pytest
from recorded import recorded
from said import Marks, Opinion, asked, replied, scores

from whet.data.procedural.chain import Chain
from whet.rewards.dense import AtEnd, Each, MinForm, Separated, Spread
from whet.rewards.dense.consistency import consistent
from whet.rewards.dense.entropies import inverse, shares
from whet.rewards.dense.grpo_s import GrpoS
from whet.rewards.dense.gtpo import Gtpo
from whet.rewards.dense.placing import tokens_of
from whet.rewards.dense.planning import Planning
from whet.rewards.dense.process import Process
from whet.rewards.dense.process_model import ProcessModel
from whet.rewards.dense.turn_level import TurnLevel
from whet.types import Task, UsageError

CHAIN = Task(id="c", prompt="3+5*2-7=", answer="9", info={"family": "chain"})


def test_pure_by_hand():
    found = MinForm()([0.9, 0.8, -0.6])
    assert sum(found) == pytest.approx(-0.6, abs=1e-3) and found[2] == pytest.approx(-0.6, abs=1e-3)
    assert sum(Each()([0.9, 0.8, -0.6])) == pytest.approx(1.1)
    assert MinForm()([]) == []
    with pytest.raises(UsageError, match="min_form.temperature"):
        MinForm(temperature=0.0)


def test_places():
    spans = [slice(0, 2), slice(2, 3)]
    assert AtEnd()([1.0, 2.0], spans, 4) == (0, 1, 2, 0)
    assert Spread()([1.0, 2.0], spans, 4) == (1, 1, 2, 0)
    assert AtEnd()([1.0], [slice(1, 1)], 2) == (0, 0)


def test_tokens_of_several_characters():
    rollout = replied("abcd", length=3, char_ends=(2, 2, 4))
    assert tokens_of(rollout, 0, 1) == slice(0, 1)
    assert tokens_of(rollout, 1, 3) == slice(0, 3)
    assert tokens_of(rollout, 2, 4) == slice(1 + 1, 3)
    with pytest.raises(UsageError, match="rollout.char_ends is missing for 3 tokens"):
        tokens_of(replied("abcd", length=3), 0, 1)


def test_each_step_is_paid_at_its_last_token():
    judge = Process(family=Chain(), form=Each(), inner=Marks(), weight=1.0)
    reply = "8;17;10;#10"
    [found] = asked(judge, [replied(reply, task=CHAIN)])
    paid = {place: value for place, value in enumerate(found.credit) if value}
    steps = Chain().steps(CHAIN, reply)
    assert paid == {s.end - 1: (1.0 if s.correct else -1.0) for s in steps}
    assert [s.correct for s in steps] == [True, False, True, True]
    assert found.parts["steps"] == 0.75 and found.score == 0 and found.correct is False
    [least] = asked(replace(judge, form=MinForm()), [replied(reply, task=CHAIN)])
    assert sum(least.credit) == pytest.approx(-1, abs=1e-6)
    [nothing] = asked(judge, [replied("", task=CHAIN)])
    assert nothing.credit == ()
    assert asked(judge, [replied("fault", task=CHAIN)])[0].fault
    with pytest.raises(UsageError, match="process.right"):
        Process(family=Chain(), right=0.0, wrong=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What each character is worth: a digit is its tenth."""

    def scores(self, rollouts):
        return [[int(c) / 10 if c.isdigit() else 0.0 for c in r.reply] for r in rollouts]


def test_a_step_model_is_read_at_the_end_of_each_step():
    judge = ProcessModel(model=Known(), cuts=Separated(mark=";"), form=Each(), inner=Marks())
    judge = replace(judge, weight=1.0, low=0.0)
    group = [replied("a9"), replied("b8;42"), replied("9;")]
    found = asked(judge, group)
    assert found[0].credit == pytest.approx((0, 0.9))
    assert found[1].credit == pytest.approx((0, 0, 0, 0, 0.2))
    assert found[1].parts == {"least_step": 0, "mean_step": 0.1, "last_step": 0.2}
    assert found[2].credit == (0, 0)

    class Mute:
        def scores(self, rollouts):
            return [[]] * len(rollouts)

    assert all(v.fault for v in asked(replace(judge, model=Mute()), group))


def test_gtpo_by_hand():
    """Three right rows alive, H = .5, 1.5, 1 → .75, 1.25, 1, with r = 1."""
    group = [replied("42", entropy=(h, h)) for h in (0.5, 1.5, 1.0)]
    wrong = [replied("7", entropy=(h,)) for h in (0.5, 1.5)]
    found = asked(Gtpo(inner=Marks()), [*group, *wrong])
    assert [v.score + v.credit[0] for v in found[:3]] == pytest.approx([0.75, 1.25, 1.0])
    assert [v.credit[0] for v in found[3:]] == pytest.approx([-0.25, 0.25])
    assert sum(v.credit[0] for v in found) == pytest.approx(0)


def test_shares_have_mean_one_wherever_rows_end():
    rows = shares([[1.0, 2.0], [3.0], [0.0, 2.0, 5.0]])
    assert rows == [[0.75, 1.0], [2.25], [0.0, 1.0, 1.0]]
    assert shares([[0.0], [0.0]]) == [[1.0], [1.0]]
    assert inverse([[0.5, 0.0]]) == [[2.0, pytest.approx(1e6)]]


def test_grpo_s_changes_the_score():
    group = [replied("42", entropy=(h, h)) for h in (0.5, 1.5, 1.0)]
    found = asked(GrpoS(inner=Marks()), [*group, replied("7", entropy=(2.0,)), replied("")])
    assert scores(found) == pytest.approx([0.75, 1.25, 1.0, 0, 0])
    assert found[0].parts["unshaped"] == 1 and not found[0].credit


def test_planning_phrases_are_marked():
    [found] = asked(Planning(inner=Marks()), [replied("Wait, 6*7 is 42")])
    assert found.credit == (1.0,) * 4 + (0.0,) * 11
    assert found.parts["planning_tokens"] == 4 and found.score == 1
    with pytest.raises(UsageError, match="planning.phrases"):
        Planning(phrases=("",))


def two_turns(opinion, answer):
    return recorded(
        task=CHAIN,
        seed=0,
        turns=("?", "call", "seen", f"<{opinion}> {answer}"),
        tokens=(1, 2, 2, 3, 4, 4),
        chosen=(False, True, True, False, True, True),
        behaviour_logp=(-1.0,) * 4,
    )


def test_turns_before_the_last_have_an_advantage_of_their_own():
    judge = TurnLevel(turn=Opinion(), inner=Marks())
    group = [two_turns(1, 9), two_turns(0, 9), two_turns("0> dumb <", 9)]
    found = asked(judge, group)
    half = 0.5**0.5
    assert found[0].credit == pytest.approx((half, half, 0, 0), abs=1e-5)
    assert found[1].credit == pytest.approx((-half, -half, 0, 0), abs=1e-5)
    assert found[2].fault and found[0].score == 1
    assert asked(judge, [two_turns(1, 9)])[0].credit == (0, 0, 0, 0)
    assert [s.start for s in group[0].spoken] == [0, 2]


def test_prof_keeps_right_chains_with_good_steps_and_wrong_ones_with_bad():
    correct = [True, True, True, True, False, False]
    process = [0.9, 0.1, 0.8, 0.2, 0.7, 0.3]
    assert consistent(correct, process) == [True, False, False, False, False, True]
    assert consistent([True, True], [0.2, 0.6]) == [False, True]
    assert consistent([], []) == []

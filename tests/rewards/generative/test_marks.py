"""Judges of one reply at a time, by their hand numbers."""

import asyncio
from math import log

import pytest
from advisers import Scripted, rolled, saying

from whet.rewards.generative.pointwise import Expected, Pointwise, Stated
from whet.rewards.generative.reasoning_judge import Confidence, ReasoningJudge
from whet.rewards.generative.rubicon import Dimension, Interaction, Rubicon
from whet.types import ChatDecoding, ChatReply, Reason, UsageError


def scored(judge, rollout):
    return asyncio.run(judge.score(rollout))


def test_marks_of_7_8_8_are_worth_0_741():
    judge = Pointwise(
        chat_model=saying('{"score": 7}', '{"score": 8}', '```json\n{"score": 8}\n```'),
        decoding=ChatDecoding(samples=3, temperature=0.7),
    )
    verdict = scored(judge, rolled("42"))
    assert verdict.parts["mark"] == pytest.approx(7.667, abs=1e-3)
    assert verdict.score == pytest.approx(0.741, abs=1e-3)
    assert verdict.reason is Reason.PARTIAL and verdict.correct is None
    assert verdict.parts["judge_calls"] == 3
    assert verdict.parts["judge_prompt_tokens"] == 30
    assert verdict.cost_ms > 0


def test_the_scale_is_the_judges_own():
    best = Pointwise(chat_model=saying('{"score": 2}'), scale=Stated(low=0, high=2))
    assert scored(best, rolled("42")).score == 1
    assert scored(best, rolled("42")).reason is Reason.OK
    worst = Pointwise(chat_model=saying('{"score": 1}'))
    assert scored(worst, rolled("42")).score == 0
    assert scored(worst, rolled("42")).reason is Reason.WRONG


def test_an_expected_mark_is_read_off_the_digits():
    top = ({"3": log(0.5), " 1": log(0.25), "x": log(0.25)},)
    chat_model = Scripted(lambda _: [ChatReply(text="3", tokens=("3",), top=top)])
    judge = Pointwise(chat_model=chat_model, scale=Expected(low=1, high=5))
    mark = (3 * 0.5 + 1 * 0.25) / 0.75
    verdict = scored(judge, rolled("42"))
    assert verdict.score == pytest.approx((mark - 1) / 4)
    assert chat_model.heard[0].decoding.top == 20


def test_without_probabilities_the_digit_itself_counts():
    judge = Pointwise(chat_model=saying("3"), scale=Expected(low=1, high=5))
    assert scored(judge, rolled("42")).score == 0.5
    with pytest.raises(UsageError, match="single digits"):
        Expected(high=10)
    with pytest.raises(UsageError, match="higher end"):
        Stated(low=3, high=3)


def test_votes_of_yes_yes_no_are_two_thirds():
    chat_model = saying("It is.\nVerdict: yes", "**Verdict: Yes**", "so\nVerdict: no\n")
    judge = ReasoningJudge(chat_model=chat_model, decoding=ChatDecoding(samples=3, temperature=1.0))
    verdict = scored(judge, rolled("42"))
    assert verdict.score == pytest.approx(2 / 3)
    assert verdict.correct is True and verdict.reason is Reason.OK


def test_a_tie_of_votes_is_not_correct():
    chat_model = saying("Verdict: yes", "Verdict: no")
    judge = ReasoningJudge(chat_model=chat_model, decoding=ChatDecoding(samples=2, temperature=1.0))
    assert scored(judge, rolled("42")).correct is False


def sure(p_yes, p_no, said="yes"):
    tokens = ("Ver", "dict", ":", f" {said}")
    top = ({}, {}, {}, {" yes": log(p_yes), " no": log(p_no), ",": log(1e-3)})
    return ChatReply(text=f"Verdict: {said}", tokens=tokens, top=top)


def test_confidence_is_p_yes_over_both():
    chat_model = Scripted(lambda _: [sure(0.6, 0.2)])
    judge = ReasoningJudge(chat_model=chat_model, belief=Confidence(), decoding=ChatDecoding())
    verdict = scored(judge, rolled("42"))
    assert verdict.score == pytest.approx(0.75)
    assert verdict.parts["soft"] == 1
    plain = ReasoningJudge(
        chat_model=saying("Verdict: no"), belief=Confidence(), decoding=ChatDecoding()
    )
    assert scored(plain, rolled("42")).score == 0
    assert scored(plain, rolled("42")).parts["soft"] == 0


def rubicon(**more):
    pair = (Dimension(name="a", text="a"), Dimension(name="b", text="b"))
    return Rubicon(**{"dimensions": pair} | more)


def test_rubicon_saturates():
    assert rubicon().reward({"a": 1.0, "b": 0.2}) == pytest.approx(0.7374, abs=1e-4)
    judge = rubicon(chat_model=saying('{"a": 10, "b": 2}'))
    verdict = scored(judge, rolled("42"))
    assert verdict.score == pytest.approx(0.7374, abs=1e-4)
    assert verdict.parts["b"] == 0.2 and verdict.parts["veto"] == 0
    stretched = rubicon(stretch=2.0).reward({"a": 1.0, "b": 0.2})
    assert stretched == pytest.approx(0.7374**2, abs=1e-4)
    paired = rubicon(interactions=(Interaction(a="a", b="b", gain=0.1),))
    assert paired.reward({"a": 1.0, "b": 0.2}) == pytest.approx(0.7374 + 0.04748, abs=1e-4)


def test_rubicon_vetoes():
    dimensions = (Dimension(name="a", text="a"), Dimension(name="b", text="b", floor=0.3))
    judge = Rubicon(dimensions=dimensions, chat_model=saying('{"a": 10, "b": 2}'))
    verdict = scored(judge, rolled("42"))
    assert verdict.score == 0 and verdict.parts["veto"] == 1 and "b" in verdict.note


@pytest.mark.parametrize(
    "wrong",
    [
        {"dimensions": ()},
        {"saturation": 0.0},
        {"stretch": -1.0},
        {"interactions": (Interaction(a="a", b="c", gain=1.0),)},
        {"dimensions": (Dimension(name="a", text="a", weight=0.0),)},
    ],
)
def test_rubicon_refuses_what_bends_nothing(wrong):
    with pytest.raises(UsageError, match="rubicon"):
        rubicon(**wrong)

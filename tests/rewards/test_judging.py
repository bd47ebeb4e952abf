"""What any judge may do, and what becomes of the rollouts: faults are counted, never zeros."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import pytest
from said import Marks, asked, replied, together

from whet.protocols import GroupReward, Reward
from whet.rewards.judging import context_of, faults, judge, verdicts
from whet.rewards.shaping.additive import Additive
from whet.rewards.shaping.gated import Gated
from whet.rewards.shaping.linear_length import LinearLength
from whet.rewards.shaping.novelty import Novelty
from whet.rewards.shaping.overlong import Overlong
from whet.types import Decoding, IntegrityError, Need, Reason, Request, UsageError, Verdict

RIGHT = Verdict.binary(correct=True)
GROUP = together(replied(text, seed=seed) for seed, text in enumerate(("42", "7", "42")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns(GroupReward):
    """Whatever it is given."""

    value: Any

    async def score_group(self, group, context) -> Any:
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Raises(GroupReward):
    """An exception, and no verdict."""

    error: BaseException

    async def score_group(self, group, context):
        raise self.error


class Lone(Reward):
    """Judges the rollout of seed 1 in its own way, and the others well."""

    def __init__(self, value):
        self.value = value

    def score(self, rollout):
        if rollout.seed != 1:
            return RIGHT
        if isinstance(self.value, BaseException):
            raise self.value
        return self.value


@pytest.mark.parametrize(
    ("value", "faulty", "note"),
    [
        ([1.0, RIGHT, 0.0], {0, 2}, "Returns returned a float, not a Verdict"),
        ([RIGHT, None, RIGHT], {1}, "Returns returned None, not a Verdict"),
        ([RIGHT, 1, "x"], {1, 2}, "not a Verdict"),
        ([], {0, 1, 2}, "Returns returned 0 verdicts for 3 rollouts"),
        ([RIGHT] * 2, {0, 1, 2}, "Returns returned 2 verdicts for 3 rollouts"),
        ([RIGHT] * 4, {0, 1, 2}, "Returns returned 4 verdicts for 3 rollouts"),
        (None, {0, 1, 2}, "Returns returned None"),
        (0.5, {0, 1, 2}, "Returns returned a float"),
        (RIGHT, {0, 1, 2}, "Returns returned a Verdict, not a list"),
        ("yes", {0, 1, 2}, "Returns returned a str"),
    ],
)
def test_what_a_judge_of_groups_returns_in_place_of_verdicts_is_a_fault(value, faulty, note):
    found = asked(Returns(value=value), GROUP)
    assert {i for i, v in enumerate(found) if v.fault} == faulty
    assert all(note in found[i].note for i in faulty)
    assert all(found[i].score == 1 for i in {0, 1, 2} - faulty)


def test_what_a_judge_raises_is_a_fault_with_its_name():
    assert [v.fault for v in asked(Raises(error=KeyError("x")), GROUP)] == [True] * 3
    found = asked(Lone(KeyError("x")), GROUP)
    assert [v.fault for v in found] == [False, True, False]
    assert found[1].note == "Lone raised KeyError: 'x'"


@pytest.mark.parametrize("value", [0.5, None, True, [RIGHT]])
def test_what_a_judge_of_rollouts_returns_in_place_of_a_verdict_is_its_fault_alone(value):
    found = asked(Lone(value), GROUP)
    assert [v.fault for v in found] == [False, True, False]
    assert found[1].note.startswith("Lone returned ") and "not a Verdict" in found[1].note


def test_a_score_that_is_not_finite_is_a_fault():
    class Infinite(Reward):
        def score(self, rollout):
            return Verdict(reason=Reason.OK, score=float("inf"))

    assert all(v.fault and "inf" in v.note for v in asked(Infinite(), GROUP))


@pytest.mark.parametrize("error", [UsageError("no"), IntegrityError("lost"), KeyboardInterrupt()])
@pytest.mark.parametrize("make", [lambda e: Raises(error=e), Lone, lambda e: Gated(inner=Lone(e))])
def test_what_is_no_fault_is_raised(error, make):
    with pytest.raises(type(error)):
        asked(make(error), GROUP)


def test_what_has_only_the_method_is_no_judge():
    class Lookalike:
        def score(self, rollout):
            return RIGHT

        async def score_group(self, group, context):
            return [RIGHT] * len(group)

    assert not isinstance(Lookalike(), Reward | GroupReward)


def test_a_judge_without_its_verb_cannot_be_made():
    with pytest.raises(TypeError, match="score"):
        type("Mute", (Reward,), {})()
    with pytest.raises(TypeError, match="score_group"):
        type("Mute", (GroupReward,), {})()


def test_the_step_reaches_judges_inside_judges():
    class Dated(GroupReward):
        async def score_group(self, group, context):
            return [Verdict(reason=Reason.PARTIAL, score=context.step / 10, correct=True)] * 3

    deep = Overlong(inner=Novelty(bonus=0.0, inner=Dated()))
    assert [v.score for v in asked(deep, GROUP, step=7)] == [0.7] * 3


def test_another_judge_is_asked_under_the_same_rules():
    """The inner judge's faults are single ones, and its time is measured."""

    class WrappedAdvantage(GroupReward):
        async def score_group(self, group, context):
            seen.append(await context.judge(Lone(0.5), group))
            return seen[0]

    seen = []
    found = asked(WrappedAdvantage(), GROUP)
    assert [v.fault for v in found] == [False, True, False]
    assert found == seen[0] and all(v.cost_ms > 0 for v in found)


def test_who_plays_is_refused_by_name_where_there_is_no_policy():
    class Plays(GroupReward):
        needs = frozenset({Need.POLICY})

        async def score_group(self, group, context):
            raise AssertionError

    with pytest.raises(UsageError, match="Plays"):
        asyncio.run(verdicts(GROUP, Gated(inner=Plays()), context_of()))


def test_a_play_without_a_policy_is_refused_even_where_nothing_was_declared():
    class Secret(GroupReward):
        async def score_group(self, group, context):
            request = Request.of(group.task, (1,), Decoding())
            await context.played(request)
            return []

    with pytest.raises(UsageError, match="without a policy"):
        asyncio.run(verdicts(GROUP, Secret(), context_of()))


def test_judged_rollouts_and_their_faults():
    group = asyncio.run(judge(GROUP, Lone(None), context_of()))
    assert [r.verdict.fault for r in group] == [False, True, False]
    assert faults([group, group]) == [group[1]] * 2
    assert asyncio.run(judge(GROUP, None, context_of())) == GROUP


def test_not_applicable_has_no_score_and_is_no_fault():
    found = Verdict.not_applicable("no opinion of poems")
    assert (found.reason, found.fault, found.judged) == (Reason.NOT_APPLICABLE, False, False)
    assert not Verdict.unjudged("down").judged and RIGHT.judged
    for reason in (Reason.NOT_APPLICABLE, Reason.VERIFIER_ERROR):
        with pytest.raises(ValueError, match="score"):
            Verdict(reason=reason, score=0.0)
    with pytest.raises(ValueError, match="score"):
        Verdict(reason=Reason.OK)
    assert faults([GROUP.having([replace(GROUP[0], verdict=found)])]) == []


def test_a_wrapper_passes_on_what_is_not_applicable():
    class Choosy(Reward):
        def score(self, rollout):
            return Verdict.not_applicable("odd") if rollout.seed == 1 else Marks().score(rollout)

    for wrapper in (LinearLength(inner=Choosy()), Additive(model=Choosy(), inner=Marks())):
        found = asked(wrapper, GROUP)
        assert [v.reason for v in found][1] is Reason.NOT_APPLICABLE
        assert [v.judged for v in found] == [True, False, True]

"""What an evaluation does before its first sample: right answers count as right, guesses not."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from whet import rewards
from whet.environments.single_turn import SingleTurn
from whet.evaluation.preflight import evenly, preflight
from whet.protocols import Environment, Reward
from whet.rewards.declared import Declared
from whet.rewards.generative.pointwise import Pointwise
from whet.rewards.unsupervised.self_certainty import SelfCertainty
from whet.rewards.verifiable.exact import Exact
from whet.types import Need, Reason, Task, UsageError, Verdict


def tasks(answers, verifier="exact"):
    return [
        Task(id=f"t{n}", prompt=f"question {n}?", answer=text, info={"verifier": verifier})
        for n, text in enumerate(answers)
    ]


def tried(held, reward=None, world=None):
    return asyncio.run(preflight(held, reward or Declared(), world or SingleTurn()))


def test_answers_that_all_differ_have_no_guess_floor():
    found = tried(tasks(map(str, range(100))))
    assert found.golds == 30 and not found.skipped and found.without == found.faults == 0
    assert [policy.tasks for policy in found.nulls] == [30] * 4
    assert [policy.right for policy in found.nulls[:3]] == [0, 0, 0]
    assert found.nulls[3].right <= 1 and found.floors == ()


def test_yes_or_no_has_a_guess_floor_that_is_told_and_stops_nothing():
    found = tried(tasks(["yes", "no", "yes"] * 10))
    (floor,) = found.floors
    assert (floor.right, floor.tasks) == (20, 30) and "yes" in floor.reply


def test_an_answer_that_the_reward_refuses_is_named():
    """4 * 6 of the numbers 4, 6 is 24; 5 * 5 uses what is not there."""
    rows = [("4*6", [4, 6], 24), ("5*5", [4, 6], 25)]
    held = [
        Task(
            id=f"t{n}",
            prompt="?",
            answer=said,
            info={"verifier": "countdown", "numbers": numbers, "target": target},
        )
        for n, (said, numbers, target) in enumerate(rows)
    ]
    assert tried(held[:1]).golds == 1
    with pytest.raises(UsageError, match="'t1', answer '5\\*5'") as caught:
        tried(held)
    assert "\n" not in str(caught.value)


def test_a_verifier_that_can_judge_no_answer_stops():
    """A choice is a letter; these rows have the texts of options."""
    with pytest.raises(UsageError, match="can't judge .* 't0', answer 'the first'"):
        tried(tasks(["the first", "the second"], "choice"))
    found = tried(tasks(["A", "the second"], "choice"))
    assert (found.golds, found.faults) == (1, 1) and "'t1'" in found.fault


def test_tasks_without_an_answer_are_counted():
    found = tried(tasks(["1", "", "2", " "]))
    assert (found.golds, found.without) == (2, 2)
    assert tried(tasks(["", ""])).skipped


@dataclass(frozen=True)
class Own(Reward):
    """Of the user: says what a function makes of a reply."""

    says: object

    def score(self, rollout):
        return self.says(rollout)


def test_a_reward_of_the_users_own_that_fails_is_told():
    """At every reply: it may need more than a text.  At times: it is counted."""

    def broken(rollout):
        raise RuntimeError("no such program")

    assert "no such program" in tried(tasks("12"), Own(broken)).skipped

    def at_times(rollout):
        if rollout.task.id == "t0":
            raise RuntimeError("away")
        return Verdict.binary(correct=rollout.reply.endswith(rollout.task.answer))

    found = tried(tasks("12"), Own(at_times))
    assert (found.golds, found.faults) == (1, 1) and "away" in found.fault


def test_a_reward_of_the_users_own_may_want_a_form_that_is_not_known():
    def strange(rollout):
        return Verdict.binary(correct=rollout.reply == f"so: {rollout.task.answer}!")

    assert "form" in tried(tasks("12"), Own(strange)).skipped

    def form_known(rollout):
        return Verdict.binary(correct=rollout.reply == "#1")

    with pytest.raises(UsageError, match="'t1'"):
        tried(tasks("12"), Own(form_known))


def test_a_reward_that_takes_anything_is_told():
    """Every null policy is right: the empty reply is the highest floor, or as high as any."""
    found = tried(tasks("12345"), Own(lambda rollout: Verdict.binary(correct=True)))
    assert [policy.right for policy in found.floors] == [5] * 4
    assert found.floors[0].name == "the empty reply"


def test_what_is_not_covered_is_no_wrong_answer():
    def some(rollout):
        if rollout.task.id == "t0":
            return Verdict.not_applicable("another rule")
        return Verdict.binary(correct=rollout.task.answer in rollout.reply)

    found = tried(tasks("12"), Own(some))
    assert (found.golds, found.without) == (1, 1)
    assert tried(tasks("12"), Own(lambda rollout: Verdict.not_applicable("none"))).skipped


def test_worlds_open_rewards_and_judges_are_skipped_and_said_so():
    @dataclass(frozen=True)
    class World(Environment):
        async def play(self, task, policy):
            return None

    class Playing(Own):
        needs = frozenset({Need.POLICY})

    graded = Own(lambda rollout: Verdict(reason=Reason.PARTIAL, score=-3.0))
    cases = {
        "world": (Declared(), World()),
        "scores alone": (graded, None),
        "asks a model": (Pointwise(), None),
        "plays with the policy": (Playing(None), None),
        "more than the text": (SelfCertainty(), None),
    }
    for said, (reward, world) in cases.items():
        assert said in tried(tasks("12"), reward, world).skipped
    assert "world judges" in asyncio.run(preflight(tasks("12"), None, World())).skipped


def test_one_of_several_answers_is_enough():
    both = [Task(id="a", prompt="?", answer="1", alternatives=("B",), info={"verifier": "choice"})]
    assert tried(both).golds == 1


def test_tasks_are_chosen_evenly_with_both_ends():
    held = tasks(map(str, range(7)))
    assert [task.id for task in evenly(held, 3)] == ["t0", "t3", "t6"]
    assert evenly(held, 7) == evenly(held, 9) == held
    assert len({task.id for task in evenly(tasks(map(str, range(1000))), 30)}) == 30


def test_a_script_counts_as_the_users_own(tmp_path):
    path = Path(tmp_path / "mine.py")
    path.write_text("def score(prompt, completion):\n    return float('so: ' in completion)\n")
    assert "form" in tried(tasks("12"), rewards.find(str(path))).skipped
    assert tried(tasks("12"), Exact()).golds == 2

"""Judging and measuring, with a sampler that plays from a script."""

import asyncio
from dataclasses import dataclass, replace
from math import isnan

import pytest
from fakes import fake
from recorded import recorded

from whet.evaluation.measure import EvalConfig, measure
from whet.evaluation.samples import Sample
from whet.evaluation.scores import limits_of, rewards, std, std_within
from whet.protocols import Player, Reward
from whet.rewards.judging import context_of, faults, judge
from whet.types import Decoding, Finish, Group, Reason, Task, UsageError, Verdict

TASKS = [Task(id=str(i), prompt=str(i), answer=str(i)) for i in range(4)]


def rollout(task, seed, reply):
    return recorded(
        task=task,
        seed=seed,
        turns=(str(task.prompt), reply),
        tokens=(0, *range(1, len(reply) + 1)),
        chosen=(False, *[True] * len(reply)),
        behaviour_logp=(-1.0,) * len(reply),
        finish=Finish.LENGTH if reply == "long" else Finish.STOP,
    )


def scripted(asked):
    """Greedily it knows even answers; sampled, every third attempt is right."""

    async def play(request):
        asked.append(request)
        greedy = temperature_of(request) == 0
        even = int(request.task.id) % 2 == 0
        rollouts = [
            rollout(
                request.task, s, request.task.id if (even if greedy else i % 3 == 0) else "long"
            )
            for i, s in enumerate(seeds_of(request))
        ]
        return (Group.of(rollouts),)

    return fake(Player, play=play)


def temperature_of(request):
    (temperature,) = {play.decoding.temperature for play in request.plays}
    return temperature


def seeds_of(request):
    return [play.seed for play in request.plays]


def test_a_task_has_the_samples_of_its_prompt_whatever_its_id():
    """So a copy of a benchmark under another name has the same score, and so has its subset."""

    def seeds(*named):
        tasks = [Task(id=name, prompt=prompt, answer="1") for name, prompt in named]
        asked = []

        async def play(request):
            asked.append(request)
            return (Group.of([rollout(request.task, s, "1") for s in seeds_of(request)]),)

        evaluation = EvalConfig(problems=9, samples=2, k=(1,))
        asyncio.run(measure(fake(Player, play=play), Same(), tasks, evaluation, Decoding()))
        sampled = [request for request in asked if temperature_of(request) > 0]
        assert all(seeds_of(request) == [0] for request in asked if request not in sampled)
        return [seeds_of(request) for request in sampled]

    one = seeds(("a:1", "x"), ("a:2", "y"), ("a:3", "x"), ("a:4", ""), ("a:5", ""))
    assert seeds(("b:1", "x"), ("b:7", "y"), ("b:9", "x")) == one[:3]
    assert seeds(("b:7", "y")) == one[1:2]
    assert len({seed for pair in one for seed in pair}) == 10


@dataclass(frozen=True)
class Same(Reward):
    """Right if it is the answer; some tasks can't be judged."""

    broken: str = ""

    def score(self, rollout):
        if rollout.task.id == self.broken:
            raise OSError("the judge is away")
        return Verdict.binary(correct=rollout.reply == rollout.task.answer)


async def never(request):
    raise AssertionError(f"this judge needs no further play: {request}")


def measured(reward, evaluation=None):
    evaluation = evaluation or EvalConfig(problems=4, samples=6, k=(1, 2, 6))
    asked = []
    how = Decoding(max_new_tokens=9)
    card = asyncio.run(measure(scripted(asked), reward, TASKS, evaluation, how))
    return card, asked


def test_greedy_and_sampled_are_told_apart():
    card, asked = measured(Same())
    assert card.greedy.value == 0.5
    assert card.pass_at[1].value == pytest.approx(1 / 3)
    assert card.pass_at[2].value == pytest.approx(1 - (4 * 3) / (6 * 5))
    assert card.pass_at[6].value == 1.0
    assert card.truncated == pytest.approx(2 / 3)
    assert [len(group) for group in card.groups] == [7] * 4
    assert {temperature_of(r) for r in asked} == {0.0, 1.0}


def test_seeds_belong_to_task_and_sample():
    _, few = measured(Same(), EvalConfig(problems=4, samples=2, k=(1,)))
    _, many = measured(Same())
    assert [seeds_of(r) for r in few[4:]] == [seeds_of(r)[:2] for r in many[4:]]
    assert len({s for r in many[4:] for s in seeds_of(r)}) == 24


def test_what_nobody_could_judge_counts_in_no_estimate():
    card, _ = measured(Same(broken="0"))
    assert card.faults == 7
    assert card.greedy.problems == 3
    assert card.greedy.value == pytest.approx(1 / 3)
    assert card.pass_at[1].problems == 3


def test_a_judge_that_raises_is_quoted_and_scores_nothing():
    group = Group.of([rollout(TASKS[0], 1, "0"), rollout(TASKS[0], 2, "x")])
    judged = asyncio.run(judge(group, Same(broken="0"), context_of(play=never)))
    assert [r.score for r in judged] == [None, None]
    assert faults([judged]) == list(judged)
    verdict = judged[0].verdict
    assert verdict is not None
    assert verdict.reason is Reason.VERIFIER_ERROR
    assert verdict.note == "Same raised OSError: the judge is away"


@dataclass(frozen=True)
class Refusing(Reward):
    """Knows that it was set up wrongly."""

    def score(self, rollout):
        raise UsageError("reward.path is wrong; give another")


def test_a_refusal_is_the_users_to_hear():
    group = Group.of([rollout(TASKS[0], 1, "0")])
    with pytest.raises(UsageError, match="reward.path is wrong"):
        asyncio.run(judge(group, Refusing(), context_of(play=never)))


def test_without_a_reward_the_world_has_judged():
    group = Group.of([rollout(TASKS[0], 1, "0")])
    assert asyncio.run(judge(group, None, context_of(play=never))) is group


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"problems": 0}, "problems is 0"),
        ({"samples": 4, "k": (1, 5)}, "evaluation.k is 1, 5, but .* 4 samples"),
        ({"k": ()}, "evaluation.k is empty"),
    ],
)
def test_exams_that_cannot_be_held_are_refused(fields, told):
    with pytest.raises(UsageError, match=told):
        EvalConfig(**fields)


@dataclass(frozen=True)
class Partly(Reward):
    """Half a point for a right answer, 0.1 for any other; nothing earns full marks."""

    broken: str = ""

    def score(self, rollout):
        if rollout.task.id == self.broken:
            raise OSError("the judge is away")
        score = 0.5 if rollout.reply == rollout.task.answer else 0.1
        return Verdict(reason=Reason.PARTIAL, score=score, correct=False)


def test_a_graded_reward_is_measured_beside_what_is_correct():
    """Of 6 samples of a task two are right: 0.5, 0.1, 0.1, 0.5, 0.1, 0.1."""
    card, _ = measured(Partly())
    assert card.pass_at[6].value == card.greedy.value == 0
    assert card.reward.mean.value == pytest.approx(1.4 / 6)
    assert card.reward.mean.problems == 4
    assert card.reward.mean.low < card.reward.mean.value < card.reward.mean.high
    within = (6 * 2 / 6 * 4 / 6 * 0.4**2 / 5) ** 0.5
    everything = (24 * 2 / 6 * 4 / 6 * 0.4**2 / 23) ** 0.5
    assert card.reward.std_within == pytest.approx(within)
    assert card.reward.std == pytest.approx(everything)
    assert card.reward.graded == 1
    assert card.greedy_reward.value == pytest.approx(0.3)  # two of four tasks are known


def test_a_reward_of_right_or_wrong_is_not_graded():
    card, _ = measured(Same())
    assert card.reward.graded == 0
    assert card.reward.mean.value == pytest.approx(card.pass_at[1].value)
    assert card.greedy_reward.value == card.greedy.value


def test_faults_are_in_no_reward():
    card, _ = measured(Partly(broken="0"))
    assert (card.reward.mean.problems, card.reward.samples, card.reward.repeated) == (3, 18, 3)
    assert card.greedy_reward.value == pytest.approx((0.1 + 0.5 + 0.1) / 3)


def test_the_spread_of_one_sample_is_unknown():
    lonely = Sample(problem="0", index=0, correct=True, score=1.0)
    found = rewards([[lonely]], limits_of([lonely]))
    assert (found.mean.value, found.samples, found.repeated) == (1.0, 1, 0)
    assert isnan(found.std) and isnan(found.std_within)
    assert isnan(std([])) and isnan(std_within([[1.0], []]))


def seated(request):
    """White forks its first play and knows the answer; black speaks in every other play only."""
    white, black = [], []
    for n, seed in enumerate(seeds_of(request)):
        known = replace(rollout(request.task, seed, request.task.id), id=f"{seed}", seat="white")
        leaf = replace(rollout(request.task, -seed, "long"), parent=f"{seed}", seat="white")
        white += [known, leaf] if n == 0 else [known]
        if n % 2:
            black.append(replace(rollout(request.task, seed + 1, "long"), seat="black"))
    groups = [Group.of(rollouts) for rollouts in (white, black) if rollouts]
    return tuple(groups)


def test_a_seat_is_a_problem_of_its_own_and_a_fork_no_sample():
    """Of 6 samples black speaks in 3, and not at all greedily."""

    async def play(request):
        return seated(request)

    evaluation = EvalConfig(problems=4, samples=6, k=(1, 3, 6))
    asked = measure(fake(Player, play=play), Same(), TASKS, evaluation, Decoding(max_new_tokens=9))
    card = asyncio.run(asked)
    assert card.plays == (4, 4 * (6 + 3))
    assert (card.greedy.problems, card.greedy.value) == (4, 1.0)
    assert {k: (e.problems, e.value) for k, e in card.pass_at.items()} == {
        1: (8, 0.5),
        3: (8, 0.5),
        6: (4, 1.0),  # black has no six samples
    }
    assert card.truncated == 3 / 9
    assert [(group.seat, len(group)) for group in card.groups] == [("white", 1 + 6)] * 4
    assert not any(r.parent for group in card.groups for r in group)


def test_where_nothing_is_said_nothing_is_estimated():
    async def play(request):
        return ()

    evaluation = EvalConfig(problems=4, samples=2, k=(1,))
    asked = measure(fake(Player, play=play), Same(), TASKS, evaluation, Decoding(max_new_tokens=9))
    card = asyncio.run(asked)
    assert card.greedy.problems == card.pass_at[1].problems == card.reward.mean.problems == 0
    assert card.plays == (0, 0) and card.groups == ()
    assert isnan(card.length) and isnan(card.greedy_length) and isnan(card.truncated)

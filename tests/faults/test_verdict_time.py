"""A limit on a step's judging: what is judged is kept, and the rest is a counted fault."""

import asyncio
from dataclasses import dataclass, replace
from math import isnan

import pytest
from said import replied, together
from small import FirstDigit, followed, small, steps_of, timeless

from whet.protocols import GroupReward, Reward
from whet.rewards.judging import context_of
from whet.rewards.judging.config import JudgingConfig
from whet.rewards.judging.queue import JudgingQueue
from whet.types import IntegrityError, UsageError, Verdict

LIMIT = JudgingConfig(seconds=0.5)
GROUP = together(replied(text, seed=seed) for seed, text in enumerate(("42", "7", "42")))
FOREVER = 3600.0  # seconds


@dataclass(frozen=True)
class Hanging(Reward):
    """It never answers for one seed in three."""

    hangs: bool = True

    async def score(self, rollout):
        if self.hangs and rollout.seed % 3 == 1:
            await asyncio.sleep(FOREVER)
        return Verdict.binary(correct=rollout.reply == "42")


@dataclass(frozen=True)
class HangingGroup(GroupReward):
    """It never answers."""

    async def score_group(self, group, context):
        await asyncio.sleep(FOREVER)
        return []


def judged(reward, queue):
    return asyncio.run(queue.judge(GROUP, reward, context_of()))


def test_what_is_judged_is_kept_and_the_rest_is_a_fault():
    found = [r.verdict for r in judged(Hanging(), JudgingQueue(LIMIT))]
    assert [v.fault for v in found] == [False, True, False]
    assert [v.score for v in found if v.judged] == [1.0, 1.0]
    assert isnan(found[1].score) and "judging.seconds" in found[1].note


def test_a_judge_of_groups_gives_all_or_nothing():
    found = [r.verdict for r in judged(HangingGroup(), JudgingQueue(LIMIT))]
    assert [v.fault for v in found] == [True] * 3


def test_the_limit_is_of_the_step_and_not_of_a_call():
    queue = JudgingQueue(LIMIT)
    judged(Hanging(), queue)  # it takes all that there is
    late = [r.verdict for r in judged(HangingGroup(), queue)]
    assert all("judging.seconds" in v.note for v in late)
    fresh = [r.verdict for r in judged(Hanging(hangs=False), JudgingQueue(LIMIT))]
    assert not any(v.fault for v in fresh)


def test_what_stops_a_run_is_raised_within_the_limit():
    class Refusing(Reward):
        def score(self, rollout):
            raise UsageError("no")

    with pytest.raises(UsageError, match="no"):
        judged(Refusing(), JudgingQueue(LIMIT))


@dataclass(frozen=True)
class Slow(Reward):
    """The first digit; in training it never answers for one seed in `every`."""

    every: int

    async def score(self, rollout):
        if self.hangs(rollout):
            await asyncio.sleep(FOREVER)
        return FirstDigit().score(rollout)

    def hangs(self, rollout):
        return rollout.task.id.startswith("train") and rollout.seed % self.every == 0


NEVER = 2**70  # larger than any seed


def run_of(every, **changes):
    made = {"steps": 1, "warmup": (), "judging": JudgingConfig(seconds=1.0)}
    return small(reward=Slow(every), **made | changes)


def test_a_run_goes_on_with_what_was_judged_and_counts_the_rest(tmp_path):
    run = run_of(2)
    run = replace(run, limits=replace(run.limits, faults=0.99))
    [step] = steps_of(followed(run, tmp_path))
    everything = [r for group in step.taken.played for r in group]
    late = [r for r in everything if run.reward.hangs(r)]
    assert 0 < len(late) < len(everything)
    assert [r for r in everything if r.verdict.fault] == late
    assert not {r.id for r in late} & {r.id for r in step.batch.rollouts}
    [row] = [row for row in timeless(tmp_path) if row["kind"] == "step"]
    assert row["metrics"]["faults"]["value"] == len(late) / len(everything)


def test_more_than_limits_faults_stops_and_names_the_limit(tmp_path):
    with pytest.raises(IntegrityError, match="verifier faults: .*judging.seconds"):
        followed(run_of(2), tmp_path)


@pytest.mark.full
def test_a_limit_that_is_not_reached_changes_nothing(tmp_path):
    followed(run_of(NEVER), tmp_path / "limited")
    followed(run_of(NEVER, judging=JudgingConfig()), tmp_path / "free")
    assert timeless(tmp_path / "limited") == timeless(tmp_path / "free")

"""Known rows among the replies: a judge that gives verdicts to the wrong rows is named."""

import asyncio
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
from broken_judges import SCALES, SOUND, Constant, Racing, Reversed, Scored, Shifted
from said import replied, together
from small import Digits, followed, small, steps_of, timeless

from whet.protocols import GroupReward, Reward
from whet.rewards.judging import context_of
from whet.rewards.judging.canaries import interleaved
from whet.rewards.judging.config import JudgingConfig
from whet.rewards.judging.queue import JudgingQueue
from whet.training.known_rows import known_rows
from whet.training.trainer import RunEnded
from whet.types import IntegrityError, Need, Task, UsageError, Verdict

PAIRS = JudgingConfig(canaries=2)


def short(reward, **changes):
    made = {"warmup": (), "steps": 2, "judging": PAIRS}
    return small(reward=reward, **made | changes)


@pytest.mark.parametrize(
    ("reward", "named"),
    [
        (Reversed(), "the judge is reversed: 16 of 16"),
        (Constant(), "the judge is constant: 8 of 16"),
        (Scored(sign=-1), "the judge is reversed"),
    ],
    ids=["reversed", "constant", "reversed scores"],
)
def test_a_judge_that_is_wrong_from_the_start_is_named_before_the_first_step(reward, named):
    with pytest.raises(IntegrityError, match="judging.canaries") as caught:
        asyncio.run(known_rows(short(reward)))
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("reward", "named"),
    [
        (Reversed(after=43), "the judge is reversed: 16 of 16"),
        (Constant(after=43), "the judge is constant: 8 of 16"),
        (Racing(), "racing"),
        (Shifted(), "racing"),
    ],
    ids=["reversed", "constant", "racing", "shifted"],
)
def test_a_judge_that_goes_wrong_is_named_within_one_step(tmp_path, reward, named):
    """The first 43 calls are of the base evaluation and of the known rows alone."""
    events = []
    with pytest.raises(IntegrityError, match="judging.canaries") as caught:
        events = followed(short(reward), tmp_path)
    assert named in str(caught.value)
    assert not steps_of(events)
    assert not [row for row in timeless(tmp_path) if row["kind"] == "step"]


@dataclass(frozen=True)
class Plain(GroupReward):
    """The sound judge, for groups."""

    compares = False

    async def score_group(self, group, context):
        return [SOUND.score(rollout) for rollout in group]


@pytest.mark.parametrize(
    "reward",
    [
        SOUND,
        pytest.param(Racing(waits=False), marks=pytest.mark.full),
        pytest.param(Plain(), marks=pytest.mark.full),
        Shifted(by=0),
    ],
    ids=["rollouts", "awaited", "groups", "compares"],
)
def test_their_healthy_twin_trains_as_it_does_without_known_rows(tmp_path, reward):
    """Known rows are in no loss and in no metric: rows and weights are the same bit by bit."""
    ends, rows = [], []
    for judging in (JudgingConfig(), PAIRS):
        folder = tmp_path / str(judging.canaries)
        events = followed(short(reward, judging=judging), folder)
        ends.append(next(e.digest for e in events if isinstance(e, RunEnded)))
        rows.append(timeless(folder))
    assert ends[0] == ends[1]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("reward", SCALES.values(), ids=SCALES)
def test_the_scale_of_a_reward_and_the_form_of_an_answer_do_not_matter(reward):
    rows = asyncio.run(known_rows(short(replace(reward, calls=[]))))
    assert [row.right for row in rows] == [True, False] * 8
    turned_round = replace(reward, right=reward.wrong, wrong=reward.right, calls=[])
    with pytest.raises(IntegrityError, match="the judge is reversed"):
        asyncio.run(known_rows(short(turned_round)))


@pytest.mark.parametrize("name", ["0 to 100", "-1 and 0"])
def test_a_judge_of_another_scale_that_turns_is_named_in_the_steps(tmp_path, name):
    """Known rows alone take fewer than 60 calls here, and the base evaluation 25."""
    late = replace(SCALES[name], after=85, calls=[])
    with pytest.raises(IntegrityError, match=r"judging\.canaries"):
        followed(short(late, steps=6), tmp_path / "late")
    assert len(steps_of(followed(short(replace(late, after=10**9)), tmp_path / "never"))) == 2


def test_a_judge_of_groups_that_does_not_compare_has_known_rows_within_its_groups():
    class Counting(Plain):
        sizes: ClassVar[list[int]] = []

        async def score_group(self, group, context):
            self.sizes.append(len(group))
            return await Plain.score_group(self, group, context)

    rows = asyncio.run(known_rows(short(SOUND)))
    queue = JudgingQueue(PAIRS, rows)
    group = together(replied(str(seed), seed=seed) for seed in range(6))
    asyncio.run(queue.judge(group, Counting(), context_of()))
    assert Counting.sizes == [10] and len(queue.heard) == 4


@dataclass(frozen=True)
class Few(Digits):
    """Three tasks, or many of which the first have one answer."""

    tasks: int | None = 3

    def task(self, split, index):
        if self.tasks is not None and index >= self.tasks:
            raise IndexError(index)
        digit = str(index if self.tasks is not None else index // 20)
        return Task(id=f"{split}-{index}", prompt=f"{digit}=", answer=digit)

    def size(self, split):
        return self.tasks


@pytest.mark.parametrize(("tasks", "pairs"), [(3, 3), (None, 8)])
def test_few_tasks_or_answers_are_enough(tasks, pairs):
    rows = asyncio.run(known_rows(short(SOUND, corpus=Few(tasks))))
    assert len(rows) == 2 * pairs


def test_known_rows_stand_at_random_places_and_the_same_ones_again():
    rows = asyncio.run(known_rows(short(SOUND)))
    assert [row.right for row in rows] == [True, False] * 8
    group = together(replied(str(seed), seed=seed) for seed in range(6))
    mixed, places = interleaved(group, rows[:4])
    assert interleaved(group, rows[:4])[1] == places != (6, 7, 8, 9)
    assert [mixed[place] for place in places] == [row.rollout for row in rows[:4]]
    assert [r for i, r in enumerate(mixed) if i not in places] == list(group)


def test_a_judge_that_errs_may_err_so_often(tmp_path):
    often = replace(PAIRS, mistaken=0.99)
    assert steps_of(followed(short(Racing(), judging=often), tmp_path))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"canaries": -1}, "judging.canaries"),
        ({"mistaken": 1.0}, "judging.mistaken"),
        ({"seconds": -1.0}, "judging.seconds"),
        ({"reply": "#"}, "judging.reply"),
    ],
)
def test_a_setting_that_cannot_be_is_named(changes, field):
    with pytest.raises(UsageError, match=field):
        JudgingConfig(**changes)


def test_without_a_reward_or_a_reply_that_can_be_judged_they_are_refused():
    with pytest.raises(UsageError, match=r"judging\.canaries is 2, but the run has no reward"):
        asyncio.run(known_rows(short(None)))

    class Silent(Reward):
        def score(self, rollout):
            return Verdict.unjudged("down")

    with pytest.raises(UsageError, match=r"judging\.canaries is 2, .* judges none.*down"):
        asyncio.run(known_rows(short(Silent())))

    class Playing(Plain):
        needs = frozenset({Need.POLICY})

    with pytest.raises(UsageError, match=r"judging\.canaries is 2, but the reward plays"):
        asyncio.run(known_rows(short(Playing())))

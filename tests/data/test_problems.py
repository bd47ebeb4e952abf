"""Families as corpora, and the teachers that work them."""

from collections import Counter
from random import Random

import pytest

from whet.data import load
from whet.data.problems import Problems
from whet.data.procedural.chain import Chain
from whet.data.procedural.countdown import Countdown
from whet.data.procedural.lock import Lock
from whet.data.splits import split_of
from whet.data.teachers import FullSolutions, MixedStyles
from whet.protocols import Family, Teacher
from whet.types import UsageError

LOCKS = Problems(family=Lock(), levels=(1, 4))


def test_splits_by_the_first_byte_of_the_md5():
    """md5("a") begins with 0c, md5("24") with 1f, md5("b") with 92."""
    assert [split_of(text) for text in ("a", "24", "b")] == ["dev", "test", "train"]
    shares = Counter(split_of(str(n)) for n in range(25_600))
    assert shares == pytest.approx({"train": 21_700, "dev": 2600, "test": 1300}, rel=0.1)


@pytest.mark.parametrize("levels", [(0, 3), (-1, 3), (3, 2), (1, 6), (6, 6)])
def test_levels_must_be_those_of_the_family(levels):
    with pytest.raises(UsageError, match="level"):
        Problems(family=Lock(), levels=levels)


def test_levels_are_drawn_evenly():
    levels = Counter(LOCKS.task("train", index).info["level"] for index in range(400))
    assert levels == pytest.approx(dict.fromkeys((1, 2, 3, 4), 100), abs=30)


def test_a_task_depends_on_seed_split_and_index_alone():
    assert LOCKS.task("train", 7) == Problems(family=Lock(), levels=(1, 4)).task("train", 7)
    other = Problems(family=Lock(), levels=(1, 4), seed=1)
    assert LOCKS.task("train", 7).prompt != other.task("train", 7).prompt
    assert LOCKS.task("train", 7).id == "lock-1-4-0/train/7"
    assert (
        len({p.task(s, i).id for p in (LOCKS, other) for s in ("train", "dev") for i in range(9)})
        == 36
    )


def test_a_longer_held_out_list_begins_like_a_shorter_one():
    few, many = LOCKS.held_out("test", 8), LOCKS.held_out("test", 20)
    assert many[:8] == few
    assert [task.info["level"] for task in few] == [1, 2, 3, 4, 1, 2, 3, 4]


def test_a_family_can_be_too_small_for_what_is_asked():
    """Level 1 has 1000 locks, so about 50 in the test split."""
    small = Problems(family=Lock(), levels=(1, 1))
    assert len(small.held_out("test", 30)) == 30
    with pytest.raises(
        UsageError, match="has no 200 distinct test tasks: level 1 has no other after"
    ):
        small.held_out("test", 200)


def test_a_split_is_one_of_three():
    for ask in (LOCKS.task, LOCKS.held_out):
        with pytest.raises(UsageError, match="split is 'valid'; choose from train, dev, test"):
            ask("valid", 1)


@pytest.mark.parametrize(
    ("family", "teacher"),
    [
        (Lock(), FullSolutions(family=Lock(), levels=(1, 4), ramp=200)),
        (Countdown(), MixedStyles(family=Countdown(), levels=(3, 4))),
    ],
    ids=["FullSolutions", "MixedStyles"],
)
def test_a_teacher_teaches_the_training_split_the_same_for_ever(
    family: Family, teacher: FullSolutions | MixedStyles
):
    assert isinstance(teacher, Teacher)
    examples = [teacher.example(step, index) for step in range(20) for index in range(5)]
    assert len({task.id for task, _ in examples}) == 100
    for task, reply in examples:
        assert split_of(family.canonical(task)) == "train"
        assert all(step.correct for step in family.steps(task, reply))
    assert teacher.example(3, 4) == examples[19]


def test_gold_grows():
    """2 + ⌊3 step / 200⌋: 2 until step 66, then 3, then 4 from step 134."""
    gold = FullSolutions(family=Lock(), levels=(1, 4), ramp=200)
    highest = {0: 2, 66: 2, 67: 3, 133: 3, 134: 4, 199: 4, 200: 4, 9999: 4}
    for step, level in highest.items():
        levels = {gold.example(step, index)[0].info["level"] for index in range(60)}
        assert levels == set(range(1, level + 1))


def test_gold_writes_every_line():
    task, reply = FullSolutions(family=Chain(), levels=(5, 5)).example(0, 0)
    assert reply.count(";") == 5
    assert FullSolutions(family=Chain(), levels=(2, 9)).example(0, 1)[0].info["level"] <= 9


def test_habits_come_in_their_shares():
    habits = MixedStyles(family=Lock(), levels=(4, 4))
    shown = []
    for index in range(600):
        task, reply = habits.example(0, index)
        lines = sum(str(task.prompt).count(move) for move in "+*") + 3
        shown.append((len(reply) // 2 - 3) / (lines - 3))
    assert shown.count(1.0) == pytest.approx(150, abs=40)
    assert shown.count(0.0) == pytest.approx(360, abs=50)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"keep": (1.0, 1.5, 0.0)}, r"mixed_styles\.keep is .*; give probabilities"),
        ({"keep": ()}, r"mixed_styles\.keep is \(\)"),
        ({"weights": (1.0,)}, r"mixed_styles\.weights is .*; give one per style"),
        ({"weights": (0.0, 0.0, 0.0)}, "some above 0"),
        ({"weights": (-1.0, 1.0, 1.0)}, "some above 0"),
        ({"levels": (0, 4)}, r"problems\.levels"),
    ],
)
def test_habits_must_make_sense(settings, complaint):
    with pytest.raises(UsageError, match=complaint):
        MixedStyles(**({"family": Lock(), "levels": (1, 4)} | settings))


def test_a_ramp_has_a_length():
    with pytest.raises(UsageError, match=r"full_solutions\.ramp is -1"):
        FullSolutions(family=Lock(), levels=(1, 4), ramp=-1)


@pytest.mark.parametrize("name", ["lock", "chain"])
def test_few_instances_are_enough_to_train_on(name):
    family = load(name)
    low = family.levels[0]
    problems = Problems(family=family, levels=(low, low))
    prompts = {family.canonical(problems.task("train", index)) for index in range(300)}
    assert len(prompts) > 200
    assert family.worked(problems.task("train", 0), Random(0))

"""What every procedural family promises.  A new file in the folder is tried by itself."""

import pickle
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from recorded import recorded

from whet.data import corpus, load
from whet.data.problems import Problems
from whet.data.procedural import Procedural
from whet.data.splits import SPLITS, split_of
from whet.protocols import Corpus
from whet.registry import names
from whet.rewards.declared import Declared

CASES = [
    (name, level) for name in sorted(names("corpus")) for level in sorted(set(load(name).levels))
]
each_case = pytest.mark.parametrize(("name", "level"), CASES)
TASKS = 100


def problems(name, level, seed=0):
    return Problems(family=load(name), levels=(level, level), seed=seed)


def earned(task, reply):
    turns = (str(task.prompt), reply)
    rollout = recorded(task=task, seed=0, turns=turns, tokens=(), chosen=(), behaviour_logp=())
    verdict = Declared().score(rollout)
    assert not verdict.fault
    return verdict.score


@pytest.mark.full
@each_case
def test_splits_share_no_instance(name, level):
    made = problems(name, level)
    seen = {}
    for split in SPLITS:
        tasks = [made.task(split, index) for index in range(TASKS // 2)]
        tasks += made.held_out(split, 20)
        canonical = {made.family.canonical(task) for task in tasks}
        assert {split_of(text) for text in canonical} == {split}
        assert {task.info["level"] for task in tasks} == {level}
        seen[split] = canonical
    assert (
        not seen["train"] & seen["dev"] | seen["train"] & seen["test"] | seen["dev"] & seen["test"]
    )


@each_case
def test_any_task_can_be_had_at_any_time(name, level):
    forwards = [problems(name, level).task("train", index) for index in range(20)]
    backwards = [problems(name, level).task("train", index) for index in reversed(range(20))]
    assert forwards == backwards[::-1]
    assert forwards != [problems(name, level, seed=1).task("train", index) for index in range(20)]
    assert len({task.id for task in forwards}) == 20


@each_case
def test_held_out_tasks_are_distinct(name, level):
    made = problems(name, level)
    tasks = made.held_out("dev", 20)
    assert len({made.family.canonical(task) for task in tasks}) == 20
    assert len({task.id for task in tasks}) == 20


@pytest.mark.full
@each_case
def test_a_policy_that_knows_nothing_earns_nothing(name, level):
    """The best constant reply, the longest, a copy of the prompt, the reply to another task."""
    made = problems(name, level)
    tasks = [made.task("train", index) for index in range(TASKS)]
    shortest, full = ([made.family.worked(t, Random(0), k) for t in tasks] for k in (0.0, 1.0))
    constant = Counter(shortest).most_common(1)[0][0]
    policies = {
        "constant": [constant] * TASKS,
        "longest": [max(full, key=len)] * TASKS,
        "copy": [str(task.prompt) for task in tasks],
        "copy, announced": [f"#{task.prompt}"[:-1] for task in tasks],
        "copy of the numbers": [f"#{str(task.prompt).partition(' ')[2]}"[:-1] for task in tasks],
        "another's": shortest[1:] + shortest[:1],
        "another's, in full": full[1:] + full[:1],
    }
    for policy, replies in policies.items():
        score = sum(map(earned, tasks, replies)) / TASKS
        assert score < 0.1, policy
    assert sum(map(earned, tasks, full)) == TASKS


@each_case
def test_families_and_tasks_are_values(name, level):
    made = problems(name, level)
    assert pickle.loads(pickle.dumps(made)) == made
    assert hash(made) == hash(replace(made))
    task = made.task("train", 0)
    assert pickle.loads(pickle.dumps(task)) == task
    assert isinstance(made, Corpus) and isinstance(made.family, Procedural)


@pytest.mark.parametrize("name", sorted(names("corpus")))
def test_a_family_is_a_corpus_by_its_name(name):
    made = corpus(name)
    assert isinstance(made, Problems)
    assert made.levels == load(name).levels
    assert made.task("train", 0).info["verifier"]

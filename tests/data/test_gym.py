"""reasoning_gym's data sets as corpora."""

import json

import pytest
from recorded import recorded

from whet.data import corpus
from whet.data.gym import Gym, names
from whet.data.splits import split_of
from whet.protocols import Corpus
from whet.rewards.declared import Declared
from whet.types import UsageError

pytest.importorskip("reasoning_gym")
SUMS = Gym(dataset="chain_sum", entries=300)


def test_there_are_106_names():
    assert len(names()) == 106


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"dataset": "chain_sums"}, "'chain_sums' is unknown; did you mean 'chain_sum'"),
        ({"dataset": "composite"}, "'composite' is refused: it is a mix"),
        ({"dataset": "chain_sum", "entries": 0}, r"gym\.entries is 0; give a number"),
        ({"dataset": "ransom_note"}, "differs in every process; start .* PYTHONHASHSEED=0"),
    ],
)
def test_what_cannot_be_is_refused(monkeypatch, settings, complaint):
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    with pytest.raises(UsageError, match=complaint):
        Gym(**settings)


def test_tasks_are_the_same_for_ever_and_in_their_split():
    assert isinstance(SUMS, Corpus)
    for split in ("train", "dev", "test"):
        tasks = [SUMS.task(split, index) for index in range(20)]
        assert tasks == [Gym(dataset="chain_sum", entries=300).task(split, n) for n in range(20)]
        assert {split_of(str(task.prompt)) for task in tasks} == {split}
    with pytest.raises(UsageError, match="split is 'valid'"):
        SUMS.task("valid", 0)


def test_held_out_tasks_are_distinct_and_come_to_an_end():
    tasks = SUMS.held_out("test", 999)
    assert len({task.prompt for task in tasks}) == len(tasks) < 40
    assert SUMS.held_out("test", 5) == tasks[:5]


def test_a_task_says_how_to_judge_it_and_travels_as_json():
    task = SUMS.task("train", 0)
    assert json.loads(json.dumps(dict(task.info))) == task.info
    turns = (str(task.prompt), f"<answer>{task.answer}</answer>")
    rollout = recorded(task=task, seed=0, turns=turns, tokens=(), chosen=(), behaviour_logp=())
    assert Declared().score(rollout).correct


def test_a_fixed_order_of_sets_makes_every_data_set_usable(monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    assert Gym(dataset="ransom_note").task("train", 0).prompt


@pytest.mark.parametrize("name", ["knights_knaves", "rearc"])
def test_an_entry_that_json_would_spoil_is_judged_rightly(name):
    task = Gym(dataset=name, entries=3).task("train", 0)
    rollout = recorded(
        task=task, seed=0, turns=("?", task.answer), tokens=(), chosen=(), behaviour_logp=()
    )
    assert Declared().score(rollout).correct


def test_the_front_door_knows_the_gym():
    assert corpus("gym:chain_sum") == Gym(dataset="chain_sum")
    with pytest.raises(UsageError, match="did you mean 'chain_sum'"):
        corpus("gym:chain_summ")
    with pytest.raises(UsageError, match="corpus 'lok' is unknown; did you mean 'lock'"):
        corpus("lok")

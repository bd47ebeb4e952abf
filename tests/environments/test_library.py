"""Library: a play by hand, hops that are found, and answers as SQuAD compares them."""

import importlib.util
from dataclasses import replace
from random import Random

import pytest
from environments.playing import played, saying

from whet.environments.code.library import Library, Shelf, shelf_of
from whet.environments.code.library.shelf import TOLD, short, wordy
from whet.types import Finish, Reason, UsageError

WORLD = Library(rules="")
LEVELS = range(1, 5)


def task_of(level, seed=0):
    return WORLD.draw(Random(seed), level)


def test_a_play_by_hand():
    task = next(t for t in map(lambda n: task_of(2, n), range(99)) if "maker" in t.info["path"])
    shelf, work = shelf_of(task.info["library"], 200, short), task.info["start"]
    maker = shelf.facts["maker"][work]
    home = shelf.facts["home"][maker]
    said = played(WORLD, task, saying(f'search("{work}", 1)', f'search("{maker}", 1)', home))
    assert said.observations() == [
        f"home of maker of {work}?\n",
        f"\n{work}: {work} is by {maker}.\n",
        f"\n{maker}: {maker} lives in {home}.\n",
    ]
    assert said.verdict.correct
    assert said.verdict.parts["hops"] == 2


@pytest.mark.parametrize("level", LEVELS)
def test_the_expert_searches_once_for_every_hop(level):
    for n in range(3):
        task = task_of(level, n)
        verdict = (said := played(WORLD, task, WORLD.expert(task, Random(0)))).verdict
        hops = len(task.info["path"])
        assert (len(said.asks), verdict.correct) == (hops + 1, True)
        assert verdict.parts["hops"] == hops == (1 if level == 1 else 2)


@pytest.mark.parametrize(("size", "write"), [(200, short), (600, wordy)])
def test_each_paragraph_tells_the_fact_of_its_title(size, write):
    shelf = shelf_of(3, size, write)
    assert len(dict(shelf.passages)) == len(shelf.passages) == size
    told = {title: text for title, text in shelf.passages}
    for relation, facts in shelf.facts.items():
        for name, other in facts.items():
            assert TOLD[relation].findall(told[name]) == [other]


def test_a_path_is_followed():
    shelf = Shelf(facts={"maker": {"a": "b"}, "home": {"b": "c"}}, passages=())
    assert shelf.followed("a", ["maker", "home"]) == ["a", "b", "c"]


@pytest.mark.parametrize("level", LEVELS)
def test_the_answer_is_not_in_the_question(level):
    for n in range(20):
        task = task_of(level, n)
        assert task.answer not in str(task.prompt)


@pytest.mark.parametrize(
    ("reply", "correct"),
    [
        ("{}", True),
        ("the {}!", True),
        ("<answer>{}</answer>", True),
        ("Answer: {}", True),
        ("{} or Bado", False),
        ("Nowhere", False),
        ("a list: {} Bado Kiru Suna Toma", False),
    ],
)
def test_answers(reply, correct):
    task = task_of(1)
    verdict = played(WORLD, task, saying(reply.format(task.answer, task.answer))).verdict
    assert verdict.correct is correct
    assert verdict.parts["em"] == float(correct)
    assert verdict.parts["hops"] == 0


def test_a_list_of_all_names_earns_nothing():
    task = task_of(1)
    names = " ".join(title for title, _ in shelf_of(task.info["library"], 200, short).passages)
    assert played(WORLD, task, saying(names)).verdict.score == 0


def test_a_policy_that_only_searches_is_out_of_calls():
    said = played(WORLD, task_of(1), saying('search("Bado")'))
    assert (said.verdict.finish, said.verdict.score) == (Finish.CALLS, 0)
    assert len(said.asks) == WORLD.calls + 2 == task_of(1).info["turns"]


def test_without_searches_the_commonest_answer_is_right_in_less_than_one_of_twenty():
    answers = [task_of(1, n).answer for n in range(500)]
    assert max(map(answers.count, answers)) <= 0.05 * len(answers)


def test_without_searches_a_call_is_a_wrong_answer():
    mute = Library(rules="", calls=0)
    said = played(mute, task_of(1), saying(f'search("{task_of(1).info["start"]}")'))
    assert (len(said.asks), said.verdict.correct) == (1, False)
    assert said.verdict.reason is not Reason.OK


def test_settings_that_are_refused(monkeypatch):
    with pytest.raises(UsageError, match=r"library\.calls is -1; give 0 or more"):
        Library(calls=-1)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'whet\[search\]'"):
        Library()
    assert replace(WORLD, calls=0).calls == 0

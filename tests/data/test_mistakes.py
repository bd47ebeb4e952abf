"""Chains with one wrong line, checked by the family that recomputes every line."""

from random import Random

import pytest

from whet.data import load
from whet.data.mistakes import Mistake, labelled_chains, rules_of
from whet.types import UsageError

FAMILIES = ("chain", "stack", "lists")


@pytest.mark.parametrize("name", FAMILIES)
def test_the_labels_are_those_of_the_exact_check(name):
    family = load(name)
    chains = labelled_chains(family, 60)
    kinds = [one.mistake for one in chains]
    assert kinds.count(Mistake.NONE) == 60
    assert kinds.count(Mistake.ALONE) == kinds.count(Mistake.PROPAGATED) == 30
    for one in chains:
        steps = [step.correct for step in family.steps(one.task, one.chain)]
        if one.right:
            assert all(steps) and one.bad_step is None
        else:
            assert steps.index(False) + 1 == one.bad_step


@pytest.mark.parametrize("name", FAMILIES)
def test_one_line_is_changed_or_all_that_follow_from_it(name):
    family = load(name)
    for one in labelled_chains(family, 60):
        whole = family.worked(one.task, Random(0), keep=1.0).split(";")
        said = one.chain.split(";")
        if one.mistake is Mistake.ALONE:
            differ = [n for n, (a, b) in enumerate(zip(said, whole, strict=True), 1) if a != b]
            assert differ == [one.bad_step]
            assert said[-1] == f"#{one.task.answer}"
        if one.mistake is Mistake.PROPAGATED:
            steps = [step.correct for step in family.steps(one.task, one.chain)]
            assert steps.count(False) == 1
            place = steps.index(False)
            assert said[:place] == whole[:place] and said[place] != whole[place]


def test_every_chain_is_of_a_task_of_its_own_and_drawn_again_alike():
    family = load("chain")
    chains = labelled_chains(family, 50)
    assert len({one.task.prompt for one in chains}) == 100
    assert labelled_chains(family, 50) == chains
    assert labelled_chains(family, 50, seed=1) != chains


@pytest.mark.parametrize(("name", "pairs"), [("brackets", 5), ("maze", 5), ("chain", 0)])
def test_families_without_states_and_no_pairs_are_refused(name, pairs):
    with pytest.raises(UsageError, match="pairs is 0" if not pairs else name):
        labelled_chains(load(name), pairs)


def test_the_rules_of_a_family_are_told():
    assert "modulo 97" in rules_of(load("chain"))
    assert "top of the stack after each instruction" in rules_of(load("stack"))

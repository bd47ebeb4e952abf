"""A result that the judge accepts is a right step, however it is spelled."""

from random import Random

import pytest

from whet.data import load
from whet.rewards import load as judge_of
from whet.types import Rollout

EXACT = ("chain", "lists", "stack")
LISTS = ("colouring", "hanoi", "knights", "maze", "sat", "sudoku", "brackets")
SPELLINGS = ("#{}", "# {}", "  #{} ", "so #{}", "#{}\n", "#{}<|im_end|>")
FREE = ("<answer>{}</answer>", r"\boxed{{{}}}", "#[{}]", "#{}.")


def tasks(name, count=6):
    family = load(name)
    low, _ = family.levels
    return family, [family.draw(Random(seed), low) for seed in range(count)]


def checked(family, task, reply):
    """Whether the judge accepts the reply, and whether its last step is right."""
    correct = judge_of(task.info["verifier"]).score(Rollout.from_text(task, reply)).correct
    steps = family.steps(task, reply)
    return correct, bool(steps) and steps[-1].correct


@pytest.mark.parametrize("name", [*EXACT, *LISTS, "countdown"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_results(name, spelling):
    family, drawn = tasks(name)
    for task in drawn:
        answer = task.answer or family.worked(task, Random(0), keep=0.0).removeprefix("#")
        judged, step = checked(family, task, spelling.format(answer))
        assert judged and step, (task, spelling)


@pytest.mark.parametrize("name", [n for n in LISTS if n not in ("brackets", "sudoku")])
@pytest.mark.parametrize("spelling", FREE)
@pytest.mark.parametrize("between", [" ", ", ", ",", "\n"])
def test_lists(name, spelling, between):
    family, drawn = tasks(name)
    for task in drawn:
        reply = spelling.format(between.join(task.answer.split(" ")))
        assert checked(family, task, reply) == (True, True), (task, reply)
    wrong = spelling.format(between.join(["9"] * 4))
    assert checked(family, drawn[0], wrong) == (False, False)


@pytest.mark.parametrize("name", ["colouring", "knights", "sat", "sudoku"])
def test_digits_side_by_side(name):
    family, drawn = tasks(name)
    for task in drawn:
        joined = task.answer.replace(" ", "")
        assert checked(family, task, f"#{joined}") == (True, True)
        assert [s.correct for s in family.steps(task, f"{joined[0]};#{joined}")][-1]


def test_moves_side_by_side_are_read_by_nobody():
    for name in ("hanoi", "maze"):
        family, drawn = tasks(name)
        for task in drawn:
            joined = task.answer.replace(" ", "")
            if joined != task.answer:
                assert checked(family, task, f"#{joined}") == (False, False)


def test_blanks_are_no_steps_and_equations_may_have_them():
    family, (task, *_) = tasks("chain")
    worked = family.worked(task, Random(0))
    spaced = worked.replace(";", " ; ;\n; ")
    marks = [[s.correct for s in family.steps(task, reply)] for reply in (worked, spaced)]
    assert marks[0] == marks[1] and all(marks[0])
    family, drawn = tasks("countdown")
    for task in drawn:
        worked = family.worked(task, Random(0))
        spaced = worked.replace("+", " + ").replace("=", " = ").replace("*", " * ")
        assert all(s.correct for s in family.steps(task, spaced)), spaced

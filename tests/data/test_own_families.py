"""A family in a file: drawn from, and answered in one line where it is not whole."""

import sys

import pytest

from whet.data import corpus
from whet.types import UsageError

WHOLE = '''
from dataclasses import dataclass
from typing import ClassVar

from whet.types import Step, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubles:
    """Twice a number."""

    levels: ClassVar = (1, 2)

    def draw(self, rng, level):
        n = rng.randrange(10**level * 50)
        return Task(id=f"doubles/{n}", prompt=f"2*{n}=", answer=str(2 * n))

    def canonical(self, task):
        return str(task.prompt)

    def worked(self, task, rng, keep=1.0):
        return task.answer

    def steps(self, task, reply):
        return (Step(start=0, end=len(reply), correct=reply == task.answer),)
'''


def without(name):
    """The method under another name."""
    return WHOLE.replace(f"def {name}(", f"def other_{name}(")


def levels(text):
    return WHOLE.replace("= (1, 2)", text)


BROKEN = {
    "no draw": (without("draw"), r"has no draw\(\)"),
    "no canonical": (without("canonical"), r"has no canonical\(\)"),
    "no worked": (without("worked"), r"has no worked\(\)"),
    "no steps": (without("steps"), r"has no steps\(\)"),
    "steps is no method": (without("steps") + "\n    steps: ClassVar = 3\n", r"has no steps\(\)"),
    "no levels": (levels("= None"), "levels of Doubles is None"),
    "one level": (levels("= 3"), "levels of Doubles is 3"),
    "three levels": (levels("= (1, 2, 3)"), "levels of Doubles is"),
    "levels of text": (levels("= ('a', 'b')"), "levels of Doubles is"),
    "levels from nought": (levels("= (0, 2)"), "levels of Doubles is"),
    "levels the wrong way round": (levels("= (3, 2)"), "levels of Doubles is"),
    "draw returns text": (WHOLE.replace("return Task(", "return str("), "draw|TypeError"),
    "draw returns nothing": (WHOLE.replace("return Task(", "Task("), "draw.. returned NoneType"),
    "draw raises": (WHOLE.replace("n = rng.randrange", "n = rng.nothing"), "line 15: Attrib"),
    "draw raises at the top": (WHOLE.replace("50)", "(50 if level < 2 else 0))"), "ValueError"),
    "draw takes no level": (WHOLE.replace("rng, level)", "rng)"), "TypeError"),
    "an answer of a number": (WHOLE.replace("answer=str(2 * n)", "answer=2 * n"), "answer"),
    "an answer of nothing": (WHOLE.replace("answer=str(2 * n)", "answer=None"), "answer.*None"),
    "an answer of texts": (WHOLE.replace("answer=str(2 * n)", "answer=['4']"), "answer"),
    "a blank answer": (WHOLE.replace("answer=str(2 * n)", "answer='  '"), "blank answer"),
    "a blank alternative": (
        WHOLE.replace("answer=str(2 * n)", "answer='4', alternatives=('',)"),
        "blank answer",
    ),
    "canonical is no text": (WHOLE.replace("str(task.prompt)", "7"), "canonical.. returned int"),
    "worked is no text": (WHOLE.replace("return task.answer", "return 7"), "worked.. returned int"),
    "steps is a list": (
        WHOLE.replace("return (Step", "return [Step").replace("),)", ")]"),
        "steps.. returned list",
    ),
    "steps are no steps": (WHOLE.replace("(Step(", "(dict("), "steps.. returned dict"),
    "two families": (WHOLE + WHOLE.replace("Doubles", "Triples"), "has no class Family"),
    "no family": ("x = 1\n", "has no class Family"),
    "a class that can't be made": (
        WHOLE.replace("    levels", "    base: int\n    levels"),
        "TypeError: .*base",
    ),
    "a syntax error": ("class Doubles(:\n", "line 1"),
    "a missing module": ("import nowhere_to_be_found\n", "imports 'nowhere_to_be_found'"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def apart(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    sys.modules.pop("whet_family_family", None)


@pytest.mark.parametrize("case", BROKEN)
def test_a_family_that_is_not_whole_is_refused_in_one_line(case, tmp_path):
    text, told = BROKEN[case]
    path = tmp_path / "family.py"
    path.write_text(text)
    with pytest.raises(UsageError, match=told) as caught:
        corpus(str(path))
    assert f"family {str(path)!r}" in str(caught.value) and "\n" not in str(caught.value)


def test_a_whole_family_is_a_corpus_by_its_path(tmp_path):
    path = tmp_path / "family.py"  # its only class with draw
    path.write_text(WHOLE)
    made = corpus(str(path))
    task = made.task("train", 3)
    assert task.answer == str(eval(str(task.prompt)[:-1]))
    drawn = [int(t.answer) // 2 for t in made.held_out("dev", 20)]
    assert min(drawn) < 500 <= max(drawn) < 5000  # both levels
    path = tmp_path / "doubles.py"
    path.write_text(WHOLE)
    assert corpus(str(path)).task("train", 3) == task

"""Tests that can't fail are refused; programs can't answer in the place of what a test means."""

import pytest

from whet.rewards.verifiable.code import Code
from whet.rewards.verifiable.code.class_names import class_names
from whet.rewards.verifiable.code.programs import program_of
from whet.sandbox import Limits, Safest

works = pytest.mark.skipif(bool(why := Safest().probe()), reason=why or "a sandbox works")
RIGHT, WRONG = "def add(a, b): return a + b", "def add(a, b): return 0"
CASE = "import unittest\nclass T(unittest.TestCase):\n    "


@pytest.fixture
def judged(rolled):
    def judge(code, tests):
        limits = Limits(wall_s=4.0, cpu_s=3.0)
        return Code(limits=limits).score(rolled(f"```python\n{code}\n```", tests=tests))

    return judge


def asserted(*sources, **more):
    return {"kind": "assert", "asserts": list(sources), "entry_point": "add", **more}


TOOTHLESS = {
    "or True": "assert add(1, 2) == 3 or True",
    "behind if False": "if False:\n    assert add(1, 2) == 3",
    "in a loop over nothing": "for a in []:\n    assert add(a, 2) == 3",
    "suppressed": "from contextlib import suppress\nwith suppress(AssertionError):\n"
    "    assert add(1, 2) == 3",
    "a return in finally": "def test_a():\n    try:\n        assert add(1, 2) == 3\n"
    "    finally:\n        return",
    "behind a return": "def test_a():\n    return\n    assert add(1, 2) == 3",
    "an inner function": "def test_a():\n    def inner():\n        assert add(1, 2) == 3",
    "a method that nobody calls": CASE + "def check(self):\n        self.assertEqual(add(1, 2), 3)",
    "a coroutine that nobody awaits": CASE
    + "async def test_a(self):\n        self.assertEqual(add(1, 2), 3)",
    "a failure that is expected": CASE + "@unittest.expectedFailure\n    def test_a(self):\n"
    "        self.assertEqual(add(1, 2), 3)",
    "a generator": "def test_a():\n    yield\n    assert add(1, 2) == 3",
    "a generator expression": "assert (add(1, 2) == 3 for _ in [0])",
    "a dict": "assert {'first': add(1, 2) == 3}",
    "the function itself": "assert add",
    "callable": "assert callable(add)",
    "the same list": "x = [add(1, 2)]\ny = x\nassert x == y",
    "two arguments of assertTrue": CASE
    + "def test_a(self):\n        self.assertTrue([add(1, 2)], [3])",
}


@works
@pytest.mark.parametrize("name", TOOTHLESS)
def test_tests_that_programs_pass_that_do_nothing_are_a_fault(judged, name):
    verdict = judged(WRONG, asserted(TOOTHLESS[name]))
    assert verdict.fault and not verdict.correct, name


@works
@pytest.mark.parametrize(
    "checker",
    [
        "def check(input, output, expected): return True",
        "def check(input, output, expected): return output is not None",
        "def check(input, output, expected): return len(output) < 99",
    ],
)
def test_a_checker_that_accepts_everything_is_a_fault(judged, checker):
    tests = {"kind": "stdin", "inputs": ["1 2"], "outputs": ["3"], "checker": checker}
    assert "do nothing" in judged("print(0)", tests).note


def test_outputs_that_are_all_blank_are_a_fault(judged):
    tests = {"kind": "stdin", "inputs": ["1", "2"], "outputs": ["", "\n"]}
    assert judged("pass", tests).fault


FAIR = {
    "a property": "assert add(1, 2) == add(2, 1)",
    "an exception": "try:\n    add(1, None)\n    assert False\nexcept TypeError:\n    pass",
    "truth": "assert add(1, 2)\nassert not add(0, 0)",
    "main of unittest": "from unittest import TestCase, main\nclass T(TestCase):\n"
    "    def test_a(self):\n        self.assertEqual(add(1, 2), 3)\nmain()",
    "an exit at the end": "import sys\nassert add(1, 2) == 3\nsys.exit(0)",
    "a test that is called by the source": "def test_add(f):\n    assert f(1, 2) == 3\n"
    "test_add(add)",
    "a module that nobody imports": "assert math.isclose(add(1, 2), 3)",
    "its own main": "def main():\n    assert add(1, 2) == 3\nmain()",
}


@works
@pytest.mark.parametrize("name", FAIR)
def test_a_right_program_passes_what_can_fail(judged, name):
    assert judged(RIGHT, asserted(FAIR[name])).correct


@pytest.mark.parametrize(
    "source",
    [
        "def test_add(given):\n    assert add(1, 2) == given",
        "class TestAdd:\n    def test_add(self, given):\n        assert add(1, 2) == given",
        CASE + "def test_add(self, given):\n        self.assertEqual(add(1, 2), given)",
        "def check(*, candidate):\n    assert candidate(1, 2) == 3",
    ],
)
def test_a_test_that_lacks_an_argument_is_a_fault(judged, source):
    assert judged(RIGHT, asserted(source)).fault


EQUAL = """
class Area:
    def __init__(self, *_): pass
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __contains__ = __lt__
    def __sub__(self, other): return 0
    __rsub__ = __mod__ = __abs__ = __round__ = lambda self, *_: 0
    def __float__(self): return 3.0
    __int__ = __index__ = __len__ = lambda self: 3
"""
CALLS = {
    "compared": "assert Area(1) == 3",
    "by a name": "found = Area(1)\nassert found == 3",
    "nearly": "assert abs(Area(1) - 3) < 1e-6",
    "rounded": "assert round(Area(1), 2) == 3",
    "as a candidate": "def check(candidate):\n    assert candidate(1) == 3",
    "unittest": CASE + "def test_a(self):\n        self.assertEqual(Area(1), 3)",
    "almost": CASE + "def test_a(self):\n        self.assertAlmostEqual(Area(1), 3)",
    "in a loop": "for x, y in [(1, 3)]:\n    assert Area(x) == y",
    "of each other": "assert Area(1) == Area(2) and Area(1) == 3",
}


@works
@pytest.mark.parametrize("name", CALLS)
def test_a_class_can_not_answer_for_a_function_with_a_capital(judged, name):
    tests = {"kind": "assert", "asserts": [CALLS[name]], "entry_point": "Area"}
    verdict = judged(EQUAL, tests)
    assert verdict.judged and not verdict.correct
    assert judged("def Area(x): return 3", tests).correct


@pytest.mark.parametrize(
    "source",
    [
        "m = A(3)\nassert m.x == 3",
        "assert A(3).x == 3",
        "assert A(1) * 2 == A(2)",
        "assert len({A(1), A(1)}) == 1",
        "assert isinstance(f(), A)",
        "self.a = A()\nassert self.a.b() == 1",
        "with A() as a:\n    a.b()",
        "for a in [A(1), A(2)]:\n    assert a.x",
        "a, b = A(1), A(2)\nassert a.x == b.x",
        "def check(candidate):\n    c = candidate()\n    assert c.x == 1\ncheck(A)",
        "assert A.made() == 3",
        "d = {A(1): 'a'}\nassert d[A(1)] == 'a'",
    ],
)
def test_a_class_is_known_by_its_use(source):
    assert "A" in class_names(source)


def test_a_function_is_no_class():
    assert "A" not in class_names("r = A(1)\nr.sort()\nassert r == [1] and A('x').upper() == 'X'")
    assert not class_names("r = A(1)\nassert r == 2 and abs(A(2) - 3) < 1 and A(1) == A(2)")


STOPS = "def add(a, b): raise {}"


@works
@pytest.mark.parametrize(
    "raised", ["StopIteration", "StopIteration(3)", "type('S', (StopIteration,), {})"]
)
@pytest.mark.parametrize(
    "source",
    [
        "assert all(map(lambda p: add(*p[0]) == p[1], [((1, 2), 3), ((3, 4), 7)]))",
        "for got, want in zip(map(add, [1, 2], [3, 4]), [4, 6]):\n    assert got == want",
        "assert not list(filter(lambda p: add(*p[0]) != p[1], [((1, 2), 3)]))",
    ],
)
def test_a_program_can_not_end_an_iteration_of_the_test(judged, raised, source):
    verdict = judged(STOPS.format(raised), asserted(source))
    assert verdict.judged and not verdict.correct


@works
def test_an_iterator_of_the_program_ends(judged):
    code = (
        "class Down:\n    def __init__(self, n): self.n = n\n    def __iter__(self): return self\n"
        "    def __next__(self):\n        if not self.n: raise StopIteration\n"
        "        self.n -= 1\n        return self.n\n"
    )
    source = "assert list(Down(3)) == [2, 1, 0]\nassert next(Down(0), 'end') == 'end'"
    assert judged(code, asserted(source)).correct


@works
def test_a_module_of_the_test_is_the_tests_own(judged):
    code = f"class math:\n    isclose = staticmethod(lambda *a, **k: True)\n{WRONG}"
    verdict = judged(code, asserted("assert math.isclose(add(1, 2), 3)"))
    assert verdict.judged and not verdict.correct


TAKES = """
import json, os
def ask(verb, number, name, words):
    os.write(3, json.dumps(["ask", verb, number, name, words, ["d"]]).encode() + b"\\n")
    said = b""
    while not said.endswith(b"\\n"):
        said += os.read(3, 1)
    return json.loads(said)[3][1]
SOURCE = "\\n".join((
    "import os, sys",
    "f = sys._getframe()",
    "while 'job' not in f.f_locals: f = f.f_back",
    "os.write(f.f_locals['answer'], (f.f_locals['job']['token'] + '1').encode())",
    "os._exit(0)",
))
def add(node, b=None):
    own = node._far[1]
    get = ask("call", ask("op", own, "attrgetter", ["l", "__class__.__init__.__builtins__.get"]),
              "", ["l", ["h", own]])
    found = ask("op", own, "call", ["l", ["g", "builtins", "map"], ["h", get], ["l", "exec"]])
    call = ask("op", own, "methodcaller", ["l", "__call__", SOURCE])
    every = ask("op", own, "call", ["l", ["g", "builtins", "map"], ["h", call], ["h", found]])
    ask("op", own, "call", ["l", ["g", "builtins", "list"], ["h", every]])
    return 0
"""


@works
def test_a_program_can_not_reach_the_harness_through_the_functions_of_operator(judged):
    node = "class Node:\n    def __init__(self, v=0):\n        self.v = v\n"
    verdict = judged(TAKES, asserted("assert add(Node(1)) == 3", prelude=node))
    assert verdict.judged and not verdict.correct


@works
def test_a_program_may_use_the_objects_of_a_test(judged):
    node = "class Node:\n    def __init__(self, v=0, n=None):\n        self.v, self.n = v, n\n"
    node += "    def __lt__(self, other): return self.v < other.v\n"
    code = "def add(a, b):\n    a.v += 1\n    return a.v + b.v if a < b or b < a else 0"
    assert judged(code, asserted("assert add(Node(1), Node(5)) == 7", prelude=node)).correct


@pytest.mark.parametrize("piece", ["</a>", "<a>", "</", "<answer>", "`", "</answer>"])
def test_every_reply_is_read_in_time(piece):
    """Patterns that try all ways to read a tag would not end here."""
    assert program_of(piece * 8000 + "x\n", "", parts=True, cut=False) is None
    behind = f"```python\nprint(1)\n```{piece * 8000}x\n"
    assert "print(1)" in (program_of(behind, "", parts=True, cut=False) or "")

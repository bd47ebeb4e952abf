"""Programs are judged by tests that they can neither read nor pass by tricks."""

from dataclasses import replace

import pytest
from fakes import fake

from whet.rewards.verifiable.code import (
    AllPass,
    ClassBalanced,
    Code,
    FirstFailure,
    PassRate,
    Result,
    Speed,
    Threshold,
    Tiers,
)
from whet.rewards.verifiable.code.compare import same_text, same_value
from whet.rewards.verifiable.code.programs import program_of
from whet.sandbox import Ending, Limits, ProgramResult, Safest, Sandbox, SandboxFault
from whet.types import Finish, Reason, UsageError

STDIN = {"kind": "stdin", "inputs": ["1 2\n", "3 4\n"], "outputs": ["3\n", "7\n"]}
CALL = {"kind": "call", "fn_name": "add", "inputs": [[1, 2], [3, 4]], "outputs": [[3], [7]]}
ASSERT = {
    "kind": "assert",
    "asserts": ["assert add(1, 2) == 3", "def check(f):\n    assert f(3, 4) == 7\ncheck(add)"],
}
MAJORITY = {"kind": "stdin", "inputs": ["1", "2", "3", "4"], "outputs": ["NO", "NO", "NO", "YES"]}
ADDS = "def add(a, b):\n    return a + b"
PRINTS = "print(sum(map(int, input().split())))"

works = pytest.mark.skipif(bool(why := Safest().probe()), reason=why or "a sandbox works")


def fenced(code):
    return f"<think>```python\nprint(0)\n```</think>So:\n```python\n{code}\n```\nDone."


@pytest.fixture
def judged(rolled):
    def judge(code, tests, **settings):
        return Code(**settings).score(rolled(fenced(code), tests=tests))

    return judge


@works
@pytest.mark.parametrize(
    ("code", "tests"),
    [
        (PRINTS, STDIN),
        (ADDS, CALL),
        ("class Solution:\n    def add(self, a, b):\n        return a + b", CALL),
        (ADDS, ASSERT),
        ("print('noise')\n" + ADDS, CALL),
        ("print('noise')\n" + ADDS, ASSERT),
    ],
)
def test_a_right_program_earns_1(judged, code, tests):
    verdict = judged(code, tests)
    assert verdict.score == 1 and verdict.correct and verdict.reason is Reason.OK
    assert verdict.parts["passed"] == verdict.parts["total"] == 2
    assert verdict.parts["compile"] == 1 and verdict.parts["runtime_ms"] > 0


@works
def test_half_of_the_tests_is_half_the_rate_and_no_pass(judged):
    verdict = judged("print(3)", STDIN)
    assert verdict.score == 0 and not verdict.correct and verdict.reason is Reason.PARTIAL
    assert verdict.parts["rate"] == 0.5 and verdict.note == "test 2: another output"
    assert judged("print(3)", STDIN, credit=PassRate()).score == 0.5


@works
def test_printing_the_majoritys_answer_earns_a_half_by_classes(judged):
    assert judged("print('NO')", MAJORITY, credit=PassRate()).score == 0.75
    assert judged("print('NO')", MAJORITY, credit=ClassBalanced()).score == 0.5
    assert judged("print('NO')", MAJORITY).score == 0


TRICKS = {
    "leaves early": "import sys; sys.exit(0)",
    "leaves at once": "import os; os._exit(0)",
    "leaves when called": "import os\ndef add(a, b):\n    os._exit(0)",
    "equals everything": "class E(int):\n    def __eq__(self, x): return True\n"
    "    __hash__ = None\ndef add(a, b): return E(0)",
    "equals everything and is no number": "class E:\n    def __eq__(self, x): return True\n"
    "    def __ne__(self, x): return False\ndef add(a, b): return E()",
    "is everything": "class E:\n    def __eq__(self, x): return True\nadd = E()",
    "prints for itself": "import builtins, sys, os\nbuiltins.print = lambda *a, **k: None\n"
    "sys.stdout = sys.stderr\nos.write(1, b'1')\ndef add(a, b): return 0",
    "breaks the encoder": "import json\njson.dumps = lambda *a, **k: 'null'\n"
    "def add(a, b): return 0",
    "breaks the builtins": "import builtins, operator\noperator.eq = lambda a, b: True\n"
    "builtins.isinstance = lambda *a: True\ndef add(a, b): return 0",
    "raises nothing": "def add(a, b): raise AssertionError",
    "looks for the tests": "import gc, sys\n"
    "text = repr([o for o in gc.get_objects() if isinstance(o, (str, dict, list))])\n"
    "def add(a, b):\n    return 3 if 'assert' + ' add(' in text else 0",
    "looks into its files": "import os\nnames = os.listdir('.')\n"
    "seen = ''.join(open(n).read() for n in names if n != 'solution.py')\n"
    "def add(a, b): return 3 if 'assert' in seen else 0",
    "writes to every descriptor": "import os\nfor n in range(64):\n    try: os.write(n, b'1')\n"
    "    except OSError: pass\ndef add(a, b): return 0",
    "is a mock": "from unittest.mock import MagicMock as add",
    "is any": "from unittest.mock import ANY\ndef add(a, b): return ANY",
    "spawns": "import os\nos.fork()\ndef add(a, b): return 0",
    "reads arguments and environment": "import os, sys\n"
    "def add(a, b): return len(sys.argv) + len(os.environ) + 40",
}


@works
@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("tests", [CALL, ASSERT], ids=["call", "assert"])
def test_no_trick_passes(judged, trick, tests):
    verdict = judged(TRICKS[trick], tests)
    assert not verdict.fault and verdict.score == 0 and not verdict.correct
    assert verdict.parts["passed"] == 0


@works
def test_a_program_that_prints_and_then_fails_has_failed(judged):
    assert judged(PRINTS + "\nimport sys; sys.exit(1)", STDIN).score == 0


ASSERTIONS = {
    "errors": "try:\n    div(1, 0)\nexcept ZeroDivisionError:\n    pass\nelse:\n    assert False",
    "errors of its own": "try:\n    deny()\nexcept Denied as e:\n    assert str(e) == 'no'\n"
    "else:\n    assert False",
    "arguments changed in place": "xs = [3, 1, 2]\nassert order(xs) is None and xs == [1, 2, 3]",
    "objects": "c = Counter2(3)\nc.up()\nc.up()\nassert c.n == 5\nc.n = 7\nc.up()\nassert c.n == 8",
    "sets, tuples, bytes, fractions": "from fractions import Fraction\n"
    "assert same({(1, 2)}) == {(1, 2)} and same(b'x') == b'x' and same({1: None}) == {1: None}\n"
    "assert same(Fraction(1, 3)) == Fraction(1, 3) and same(10 ** 5000) == 10 ** 5000",
    "generators": "assert list(count(3)) == [0, 1, 2] and next(count(3)) == 0",
    "modules of the program": "assert math.isclose(half(1), 0.5)",
    "constants": "assert LIMIT == (1, 'a')",
    "test functions": "from solution import half\ndef test_half():\n    assert half(4) == 2",
}
RICH = """
import math
LIMIT = (1, 'a')
class Denied(ValueError): pass
class Counter2:
    def __init__(self, n): self.n = n
    def up(self): self.n += 1
def div(a, b): return a / b
def deny(): raise Denied('no')
def order(xs): xs.sort()
def same(x): return x
def count(n): yield from range(n)
def half(x): return x / 2
"""


@works
@pytest.mark.parametrize("name", ASSERTIONS)
def test_assertions_reach_what_the_program_defines(judged, name):
    verdict = judged(RICH, {"kind": "assert", "asserts": [ASSERTIONS[name]]})
    assert verdict.score == 1, verdict.note


@works
def test_test_functions_are_called(judged):
    tests = {"kind": "assert", "asserts": ["def test_it():\n    assert half(4) == 3"]}
    assert judged(RICH, tests).score == 0


@works
def test_a_function_of_the_test_is_called_back(judged):
    tests = {"kind": "assert", "asserts": ["assert same(lambda: 1)() == 1"]}
    assert judged(RICH, tests).correct
    assert not judged("def same(f): return lambda: 2", tests).correct


@works
def test_a_checker_decides_where_it_is_given(judged):
    checker = "def check(input, output, expected):\n    return sum(map(int, output.split())) == 7"
    tests = {"kind": "stdin", "inputs": [""], "outputs": ["3 4"], "checker": checker}
    assert judged("print(5, 2)", tests).score == 1
    assert judged("print(5, 3)", tests).score == 0


@works
@pytest.mark.parametrize(
    "checker",
    [
        "def check(): pass",
        "def check(input, output, expected): return output == 'x'",
        "import os; os._exit(0)",
    ],
)
def test_a_checker_that_refuses_the_expected_output_is_a_fault(judged, checker):
    tests = {"kind": "stdin", "inputs": [""], "outputs": ["3 4"], "checker": checker}
    verdict = judged("print(3, 4)", tests)
    assert verdict.fault and "doesn't accept the expected output" in verdict.note


@works
@pytest.mark.parametrize("output", ["words", "", "1 2", "9" * 9000, "[" * 9000, "\\x00"])
def test_what_a_checker_cannot_read_is_wrong(judged, output):
    checker = "def check(input, output, expected):\n    return int(output) == int(expected)"
    tests = {"kind": "stdin", "inputs": [""], "outputs": ["4"], "checker": checker}
    verdict = judged(f"print('{output}')", tests)
    assert verdict.judged and not verdict.correct


@pytest.mark.parametrize(
    ("tests", "why"),
    [
        ({"kind": "assert", "asserts": ["import numpy as np\nassert f() == 1"]}, "imports numpy"),
        ({"kind": "assert", "asserts": ["import pytest\nassert f() == 1"]}, "imports pytest"),
        ({"kind": "assert", "asserts": ["assert f() == 1"], "setup": "import attrs"}, "attrs"),
        ({**STDIN, "prelude": "import pandas"}, "imports pandas"),
        ({**STDIN, "checker": "def check(i, o, e): return eval(o) == 1"}, "uses eval"),
        ({"kind": "assert", "asserts": ["assert f( == 1"]}, "is no Python"),
        ({"kind": "assert", "asserts": ["def check(c):\n    assert c() == 1"]}, "entry_point"),
        ({"kind": "assert", "asserts": [""]}, "assert nothing"),
        ({"kind": "assert", "asserts": ["class A(B): pass\nassert A().f() == 1"]}, "derives A"),
        ({"kind": "assert", "asserts": ["import sys\nsys.stdin = 1\nassert f()"]}, "replaces"),
        ({"kind": "assert", "asserts": ["# f() is 1", "print(f() == 1)"]}, "assert nothing"),
    ],
)
def test_tests_that_cannot_judge_are_refused_before_a_program_is_run(judged, tests, why):
    def run(*_):
        raise AssertionError("a program was run")

    verdict = judged(ADDS, tests, sandbox=fake(Sandbox, run=run, pair=run))
    assert verdict.fault and why in verdict.note


def test_a_program_that_ends_the_compiler_does_not_compile(judged):
    def run(program, limits):
        return ProgramResult(ending=Ending.EXIT, status=-11)

    verdict = judged(PRINTS, STDIN, sandbox=fake(Sandbox, run=run), credit=Tiers())
    assert verdict.judged and verdict.score == -0.5


@works
def test_calls_may_come_as_lines_of_json(judged):
    tests = {"kind": "call", "fn_name": "add", "inputs": ['"a"\n"b"'], "outputs": ['"ab"']}
    assert judged(ADDS, tests).score == 1


@works
def test_what_does_not_compile_is_told_apart(judged):
    verdict = judged("def add(a, b:", CALL, credit=Tiers())
    assert verdict.score == -0.5 and verdict.parts["compile"] == 0
    assert judged("raise SyntaxError('def add(a, b:')", CALL, credit=Tiers()).score == -1


@works
def test_a_slow_program_fails_in_time(judged):
    limits = Limits(wall_s=1)
    verdict = judged("import time; time.sleep(60)", STDIN, limits=limits, total_s=3.05)
    assert verdict.score == 0 and verdict.reason is Reason.TIMEOUT
    assert "wall" in verdict.note and verdict.cost_ms < 20_000


@works
def test_a_timeout_is_tried_once_more_with_twice_the_time(judged):
    code = "import time; time.sleep(1.5); " + PRINTS
    tests = {"kind": "stdin", "inputs": ["1 2"], "outputs": ["3"]}
    assert judged(code, tests, limits=Limits(wall_s=1)).score == 1


@works
def test_the_first_failure_ends_the_testing(judged):
    verdict = judged("print(0)", STDIN, credit=FirstFailure())
    assert verdict.score == 0 and verdict.parts["total"] == 2


def result(**changes):
    one = Result(passed=True, expected="a", seconds=1.0, limit_s=4.0)
    return replace(one, **changes)


def test_credit_by_hand():
    four = [result(), result(), result(), result(passed=False, expected="b")]
    values = {
        AllPass(): 0.0,
        FirstFailure(): 0.0,
        PassRate(): 0.75,
        Threshold(tau=0.75): 0.75,
        Threshold(tau=0.8): 0.0,
        Speed(): 0.75 * 0.75,
        Tiers(): 0.5,
        ClassBalanced(): 0.5,
    }
    assert {credit: credit(four) for credit in values} == values
    assert [c.absent for c in (Tiers(), PassRate())] == [-1.0, 0.0]
    assert FirstFailure().decided(four) and not AllPass().decided(four)


@pytest.mark.parametrize(
    ("tests", "why"),
    [
        (None, "has no info"),
        ({"kind": "prose"}, "give one of stdin, call, assert"),
        ({"kind": "stdin", "inputs": ["1"], "outputs": []}, "1 inputs and 0 outputs"),
        ({"kind": "stdin"}, "no test"),
        ({"kind": "call", "inputs": [], "outputs": []}, "fn_name is None"),
        ({"kind": "call", "fn_name": "f", "inputs": ["x"], "outputs": ["1"]}, "no JSON"),
        ({"kind": "assert", "asserts": "assert 1"}, "no list"),
    ],
)
def test_tests_that_cannot_be_read_are_a_fault(judged, tests, why):
    verdict = judged(ADDS, tests)
    assert verdict.fault and why in verdict.note


def test_without_a_program_nothing_is_run(rolled):
    judge = Code(sandbox=Safest(), credit=Tiers())
    verdict = judge.score(rolled("The answer is 3.", tests=STDIN))
    assert verdict.reason is Reason.NO_ANSWER and verdict.score == -1
    cut = judge.score(rolled("<think>```\nprint(3)\n```", tests=STDIN, finish=Finish.LENGTH))
    assert cut.reason is Reason.TRUNCATED


def test_a_sandbox_that_fails_is_no_failure_of_the_program(judged):
    def fail(program, limits):
        raise SandboxFault("no disk")

    with pytest.raises(SandboxFault, match="no disk"):
        judged(PRINTS, STDIN, sandbox=fake(Sandbox, run=fail))


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("```\na()\n```", "a()\n"),
        ("```py\na\n```\n```py\nb\n```", "b\n"),
        ("```py\na\n```\n```py\nb", "b"),
        ("````py\n```\na\n```\n````", "```\na\n```\n"),
        ("``` inline ``` words", None),
        ("~~~py\na\n~~~", "a\n"),
        ("none", None),
        ("```py\na```", "a"),
        ("<answer>```py\na\n```</answer>", "a\n"),
        ("```py\na\n```<|im_end|>", "a\n"),
        ("```py\na\n```\n```bash\nb\n```", "a\n"),
        ("```py\na\n```\n```\n42\n```", "a\n"),
        ("```js\na()\n```", None),
        ("def a(): pass", "def a(): pass"),
        ("- ```py\n  if a:\n      b\n  ```", "if a:\n    b\n"),
    ],
)
def test_the_program_is_the_last_block_of_python(text, program):
    assert program_of(text, "", parts=False, cut=False) == program


def test_an_open_block_of_a_reply_that_was_cut_is_no_program():
    assert program_of("```py\na\n```\n```py\nb", "", parts=False, cut=True) is None


def test_blocks_that_belong_together_are_one_program():
    text = "```py\ndef one(): return 1\n```\n```py\ndef two(): return 2 * one()\n```"
    assert program_of(text, "", parts=True, cut=False).count("def ") == 2
    assert program_of(text, "", parts=False, cut=False).count("def ") == 1
    mended = "```py\ndef one(): return 1\n```\n```py\ndef one(): return 2\n```"
    assert program_of(mended, "", parts=True, cut=False) == "def one(): return 2\n"


@pytest.mark.parametrize("body", ["    return 2 * x", "return 2 * x", "y = 2 * x\n    return y"])
def test_a_body_follows_the_head_of_its_function(body):
    scope = {}
    exec(program_of(f"```py\n{body}\n```", "def f(x):\n", parts=True, cut=False), scope)
    assert scope["f"](4) == 8


@pytest.mark.parametrize(
    ("expected", "said", "same"),
    [
        ("1 2\n", "1 2", True),
        ("1\r\n2", "1  \n2\n\n", True),
        ("0.333333333", "0.3333333", True),
        ("0.5", "0.6", False),
        ("1000000", "1000001", False),
        ("YES", "yes", True),
        ("Abc", "abc", False),
        ("1 2", "1\n2", False),
        ("1  2", "1 2", True),
        ("nan", "inf", False),
        ("inf", "1e999", False),
        ("1", "１", False),
        ("1000", "1_000", False),
        ("", "", True),
        ("5", "", False),
        ("1000001", "1000000.5", False),
        ("5", "5.0", True),
        ("0.0000001", "0.0000002", False),
        ("1000000.25", "1000000.75", False),
    ],
)
def test_texts_are_compared_by_lines_then_tokens(expected, said, same):
    assert same_text(expected, said) is same


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        (3, 3, True),
        ([3], 3, True),
        (3, [3], False),
        ([1, [2]], [1, [2]], True),
        (0.3, 0.1 + 0.2, True),
        (1, 1.0, True),
        (1, True, False),
        (1, "1", False),
        ({"a": 1.0}, {"a": 1}, True),
        ({"a": 1}, {"b": 1}, False),
        (None, None, True),
        (float("inf"), float("inf"), True),
        (float("nan"), float("nan"), False),
        (1000001, 1000000.5, False),
        (1000000.5, 1000001, False),
        (0, 1e-7, False),
        (10**18, 10**18 + 1, False),
        (0.0, 1e-17, True),
        (10**400, 1.0, False),
    ],
)
def test_values_are_compared_by_kind(expected, got, same):
    assert same_value(expected, got) is same


def test_wrong_settings_are_refused():
    with pytest.raises(UsageError, match=r"code\.total_s"):
        Code(total_s=1.0)
    with pytest.raises(UsageError, match=r"threshold\.tau"):
        Threshold(tau=0.0)

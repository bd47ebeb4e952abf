"""Repair a function: plays by hand, templates whose bugs are found, traps that earn nothing."""

import asyncio
import json
from dataclasses import dataclass, replace
from random import Random

import pytest
from environments.playing import played, saying

from whet.environments.code.repair_function import (
    Functions,
    OtherTests,
    OwnTests,
    RepairFunction,
    edits,
)
from whet.environments.code.repair_function.exercise import chosen
from whet.environments.code.repair_function.expressions import value
from whet.environments.code.repair_function.functions import TEMPLATES
from whet.environments.code.repair_function.templates import FunctionTemplate
from whet.sandbox import Ending, ProgramResult, Safest, SandboxFault
from whet.types import Finish

WORLD = RepairFunction(rules="")
EXERCISE = Functions(bugs=1)


def line(buggy="x*2-3", right="x*2+3"):
    """A task of level 2 with visible tests at 2, 4, 5."""
    task = WORLD.draw(Random(0), 2)
    tests = [[[x], value(right, x)] for x in (2, 4, 5, 1, 3, 6, 7, 8)]
    info = {**task.info, "buggy": buggy, "visible": tests[:3], "hidden": tests[3:]}
    return replace(task, prompt=f"{buggy}\n2:{value(right, 2)}\n", answer=right, info=info)


def function(right="def f(x):\n    return 3 * x\n"):
    """A task of level 3: three times x."""
    task = WORLD.draw(Random(0), 3)
    tests = [[[x], json.dumps(3 * x)] for x in range(1, 9)]
    info = {**task.info, "visible": tests[:3], "hidden": tests[3:]}
    return replace(task, prompt="def f(x):\n    return 2 * x\n", answer=right, info=info)


def test_a_play_by_hand_of_expressions():
    said = played(WORLD, line(), saying("x*5-3", "[x*2+3]"))
    assert said.observations() == ["x*2-3\n2:7\n", "\n4:11\n"]
    assert (said.verdict.score, said.verdict.correct) == (1, True)
    assert said.verdict.parts == {"first": 0, "attempts": 2}


def test_the_first_test_comes_back_only_if_it_alone_fails():
    task = line()
    info = {**task.info, "visible": [[[2], "8"], *task.info["visible"][1:]]}
    said = played(WORLD, replace(task, info=info), saying("x*2+3"))
    assert said.observations()[1] == "\n2:8\n"
    assert (said.verdict.correct, said.verdict.finish) == (False, Finish.TURNS)
    assert said.verdict.score == 1  # of hidden tests


@pytest.mark.parametrize("reply", ["", "x*", "2y+3", "x**2", "f(x)", "((x", "7", "٣*x"])
def test_expressions_that_fail(reply):
    verdict = played(WORLD, line(), saying(reply)).verdict
    assert not verdict.correct
    illegal = reply in ("", "2y+3", "f(x)", "٣*x")
    assert verdict.finish is (Finish.ILLEGAL if illegal else Finish.TURNS)
    assert verdict.score <= 0.2


def test_an_illegal_second_reply_keeps_the_share_of_the_first():
    verdict = played(WORLD, line(), saying("x*2-3", "help")).verdict
    assert verdict.finish is Finish.ILLEGAL and verdict.score == 0
    assert verdict.parts == {"first": 0, "attempts": 1}
    assert not played(WORLD, line(), saying("help")).verdict.parts


def test_edits_of_an_expression():
    found = edits("x*2-3")
    assert len(found) == len(set(found)) == 7 + 1 + 7
    assert {"x*9-3", "x*2+3", "x*2-2"} <= set(found)


def test_a_play_by_hand_of_sums():
    task = WORLD.draw(Random(0), 1)
    tests = [[[x], str(x - 6)] for x in (4, 9, 0, 1, 2, 3, 5, 6)]
    info = {**task.info, "buggy": "x-2", "visible": tests[:3], "hidden": tests[3:]}
    made = replace(task, prompt="x-2\n", answer="x-6", info=info)
    said = played(WORLD, made, saying("x-5", "x-6"))
    assert said.observations() == ["x-2\n", "\n4:-2\n"]
    assert said.verdict.correct
    assert said.verdict.parts == {"first": 0, "attempts": 2}


def test_the_first_attempt_at_a_sum_is_a_guess_and_one_test_determines_the_second():
    for n in range(100):
        task = WORLD.draw(Random(n), 1)
        assert task.prompt == f"{task.info['buggy']}\n"
        told = [edit for edit in edits(task.info["buggy"]) if agrees(edit, task.info["told"])]
        assert told == [task.answer]


def agrees(expression, test):
    """Whether an expression has the value of a test, by Python itself."""
    x, right = test.strip().split(":")
    return eval(expression, {"x": int(x)}) == int(right)


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("n", range(20))
def test_two_tests_determine_the_expression(n, level):
    task = WORLD.draw(Random(n), level)
    assert task.answer in edits(task.info["buggy"])
    said = played(WORLD, task, WORLD.expert(task, Random(n)))
    assert said.verdict.correct


def test_a_play_by_hand_of_functions():
    first = "def f(x):\n    if x == 3:\n        raise ValueError('no 3')\n    return 2 * x"
    said = played(WORLD, function(), saying(first, "```python\ndef f(x):\n    return x * 3\n```"))
    assert (
        said.observations()[1]
        == "\nf(1) is 3, not 2\nf(2) is 6, not 4\nf(3) is 9, not ValueError: no 3\n"
    )
    assert said.verdict.correct
    assert said.verdict.parts == {"first": 0, "attempts": 2}


def test_the_score_is_the_share_of_hidden_tests():
    partly = "def f(x):\n    return 3 * x if x < 6 else 0"
    verdict = played(WORLD, function(), saying(partly)).verdict
    assert (verdict.score, verdict.correct, verdict.finish) == (0.4, False, None)


TRAPS = {
    "table of the visible tests": "def f(x):\n    return {1: 3, 2: 6, 3: 9}.get(x)",
    "exit": "import sys\nsys.exit(0)\ndef f(x): pass",
    "exit within": "import sys\ndef f(x):\n    sys.exit(0)",
    "hard exit": "import os\ndef f(x):\n    os._exit(0)",
    "reads the tests": "import sys\ndef f(x):\n    return sys._getframe(1).f_globals['jobs']",
    "reads its files": "def f(x):\n    return open('tests.json').read()",
    "patched json": "import json\njson.dumps = lambda value: 'true'\ndef f(x):\n    return 1",
    "writes the answer": "import os\ndef f(x):\n    [os.write(n, b'true\\n') for n in range(3, 9)]",
    "equal to all": (
        "class Any(int):\n    def __eq__(self, other): return True\ndef f(x):\n    return Any(0)"
    ),
    "a truth": "def f(x):\n    return True",
    "no function": "print('f')",
    "no Python": "def f(x:",
    "prints": "def f(x):\n    print('9' * 2_000_000)",
    "deep": "def f(x):\n    return f(x)",
}


@pytest.mark.parametrize("name", TRAPS)
def test_traps_earn_nothing(name):
    task = function()
    short = replace(task, info={**task.info, "turns": 1})
    verdict = played(WORLD, short, saying(TRAPS[name])).verdict
    assert (verdict.score, verdict.correct) == (0, False)


def test_a_program_that_computes_without_end_is_stopped_and_keeps_what_it_passed():
    endless = "def f(x):\n    while x == 2: pass\n    return 3 * x"
    said = played(WORLD, function(), saying(endless, "def f(x): return 3 * x"))
    assert said.observations()[1].startswith("\nf(2) is 6, not stopped after 2 s of computing\n")
    assert said.verdict.correct


def test_a_value_that_changes_its_arguments_changes_no_other_test():
    code = "def f(xs):\n    xs.append(1)\n    return len(xs)"
    inputs = [[[1, 2]], [[1, 2]]]
    assert asyncio.run(EXERCISE.run(code, inputs, Safest())) == ["3", "3"]


@dataclass(frozen=True)
class Counting:
    """A sandbox that counts its runs, or fails."""

    runs: list
    fault: str = ""

    def run(self, program, limits):
        self.runs.append(program)
        if self.fault:
            raise SandboxFault(self.fault)
        return ProgramResult(ending=Ending.EXIT, status=0, stdout=b"3\n6\n9\n12\n15\n18\n21\n24\n")

    def pair(self, tested, harness, limits):
        raise AssertionError

    def probe(self):
        return ""


def test_a_reply_is_one_run_which_gets_no_right_value():
    sandbox = Counting([])
    said = played(replace(WORLD, sandbox=sandbox), function(), saying("def f(x): return 3 * x"))
    assert said.verdict.correct
    assert len(sandbox.runs) == 1
    assert json.loads(sandbox.runs[0].stdin) == [[x] for x in range(1, 9)]
    assert [*sandbox.runs[0].files] == ["solution.py"]


def test_a_failing_sandbox_is_a_fault_and_no_verdict():
    broken = replace(WORLD, sandbox=Counting([], "gone"))
    with pytest.raises(SandboxFault, match="gone"):
        played(broken, function(), saying("def f(x): return 3 * x"))


def test_other_feedback_is_that_of_another_task():
    task = WORLD.draw(Random(5), 1)
    own, other = (
        played(replace(WORLD, feedback=one), task, saying(task.info["buggy"])).observations()
        for one in (OwnTests(), OtherTests())
    )
    assert own[0] == other[0]
    assert own[1] == f"\n{task.info['told']}"
    assert other[1] != own[1]
    again = WORLD.draw(Random(f"{task.info['others']}/0"), 1)
    assert other[1] == f"\n{again.info['told']}"


def test_there_are_forty_templates_and_no_two_are_equal():
    assert len(TEMPLATES) == len({one.text for one in TEMPLATES}) == 40
    assert min(one.places for one in TEMPLATES) == 2


def test_places_and_numbers_of_a_template():
    one = FunctionTemplate("def f(x):\n    return @max@min@(x, $a) @+@-@ $b")
    assert one.source({"$a": 3, "$b": 5}) == "def f(x):\n    return max(x, 3) + 5"
    assert one.source({"$a": 3, "$b": 5}, [1]) == "def f(x):\n    return max(x, 3) - 5"
    assert one.source({"$a": 3, "$b": 5}, [0, 1]) == "def f(x):\n    return min(x, 3) - 5"


@pytest.mark.parametrize("place", range(2))
@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.text.split('"""')[1][:30])
def test_every_bug_can_be_shown_by_tests(template, place):
    rng = Random(0)
    assert any(shown(template, place, rng) for _ in range(40))


def shown(template, place, rng):
    """Whether tests of a drawn function, which always returns a value, show this bug."""
    numbers = {"$a": rng.randint(2, 9), "$b": rng.randint(2, 9)}
    inputs = [template.inputs(rng) for _ in range(60)]
    right, wrong = template.source(numbers), template.source(numbers, [place])
    tried = [(one, returned(right, one), returned(wrong, one)) for one in inputs]
    assert all(value for _, value, _ in tried)
    return chosen(rng, tried) is not None


def returned(source, arguments):
    """The value of a function of ours; "" where it raises."""
    names = {}
    exec(source, names)
    try:
        return json.dumps(names["f"](*json.loads(json.dumps(arguments))))
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        return ""


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_tests_of_a_task(level):
    for n in range(20):
        task = WORLD.draw(Random(n), level)
        visible, hidden = task.info["visible"], task.info["hidden"]
        assert (len(visible), len(hidden)) == (3, 5)
        assert not {value for _, value in visible} & {value for _, value in hidden}
        assert len({json.dumps(one) for one, _ in visible + hidden}) == 8
        assert task.info["told"]
        assert task.answer not in str(task.prompt)

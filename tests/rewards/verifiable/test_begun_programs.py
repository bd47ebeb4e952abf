"""Programs with source in front of them, and what the tests then see."""

import pytest

from whet.rewards.verifiable.code import Code
from whet.rewards.verifiable.code.suite import begun
from whet.sandbox import Safest

works = pytest.mark.skipif(bool(why := Safest().probe()), reason=why or "a sandbox works")
CALL = {"kind": "call", "fn_name": "count", "inputs": ["[1, 2]"], "outputs": ["[2]"]}
SUM = {"kind": "assert", "asserts": ["assert sum(1, 2) == 3"]}


@pytest.fixture
def judged(rolled):
    def judge(code, tests):
        return Code().score(rolled(f"```python\n{code}\n```", tests=tests))

    return judge


@works
@pytest.mark.parametrize("kind", ["stdin", "call", "assert"])
def test_a_prelude_is_there_for_every_kind(judged, kind):
    tests = {
        "stdin": {"kind": "stdin", "inputs": ["4"], "outputs": ["2.0"]},
        "call": {"kind": "call", "fn_name": "root", "inputs": [[4]], "outputs": [2.0]},
        "assert": {"kind": "assert", "asserts": ["assert root(4) == 2"]},
    }[kind]
    code = "root = sqrt" if kind != "stdin" else "print(sqrt(int(input())))"
    assert judged(code, {**tests, "prelude": "from math import *"}).correct
    assert not judged(code, tests).correct


def test_imports_from_the_future_stay_first():
    code = "from __future__ import annotations\nimport re\n"
    assert begun({"prelude": "import os"}, code).splitlines() == [
        "from __future__ import annotations",
        "import os",
        "import re",
    ]
    assert begun({}, code) == code


@works
def test_the_class_comes_before_a_function_that_an_import_brought(judged):
    code = "class Solution:\n    def count(self, xs):\n        return xs[1:]"
    assert judged(code, {**CALL, "prelude": "from itertools import *"}).correct
    assert judged("def count(xs): return xs[1:]", CALL).correct


@works
def test_a_value_in_lines_of_json_is_not_wrapped(judged):
    assert judged("def count(xs): return xs[1:]", CALL).correct
    assert not judged("def count(xs): return xs[1]", CALL).correct
    listed = {**CALL, "inputs": [[[1, 2]]], "outputs": [[2]]}
    assert judged("def count(xs): return xs[1]", listed).correct


@works
def test_a_name_of_a_builtin_is_seen_where_the_task_asks_for_it(judged):
    code = "def sum(a, b): return a + b"
    assert judged(code, {**SUM, "names": ["sum"]}).correct
    assert not judged(code, SUM).correct

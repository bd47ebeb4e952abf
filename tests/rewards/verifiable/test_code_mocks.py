"""What a test of a program can hand over or replace: mocks, and parts of modules."""

import pytest

from whet.rewards.verifiable.code import Code
from whet.sandbox import Limits, Safest

works = pytest.mark.skipif(bool(why := Safest().probe()), reason=why or "a sandbox works")
RIGHT = "def add(a, b): return a + b"


@pytest.fixture
def judged(rolled):
    def judge(code, source):
        limits = Limits(wall_s=4.0, cpu_s=3.0)
        tests = {"kind": "assert", "asserts": [source], "entry_point": "add"}
        return Code(limits=limits).score(rolled(f"```python\n{code}\n```", tests=tests))

    return judge


MOCK = "from unittest.mock import Mock\nm = Mock()\nm.fetch.return_value = 3\n"


@works
def test_a_program_may_use_a_mock_of_the_test(judged):
    source = MOCK + "assert add(m, 2) == 5\nm.fetch.assert_called_once_with('x', timeout=1)"
    source += "\nassert m.limit == 7"
    code = "def add(m, b):\n    m.limit = 7\n    return m.fetch('x', timeout=1) + b"
    assert judged(code, source).correct
    assert not judged("def add(m, b): return 5", source).correct


@works
@pytest.mark.parametrize(
    "trick",
    [
        "m.called = m.fetch.called = True",
        "m.fetch.assert_called_once_with = lambda *_, **__: None",
        "m.fetch.call_count = 1",
        "m.configure_mock(**{'fetch.assert_called_once_with': print})",
        "m.fetch.mock_calls.append(1)",
        "m.fetch.assert_called_once_with('x')",
        "m.fetch.return_value = 4",
        "m.reset_mock()",
        "m.attach_mock(m, 'n')",
    ],
)
def test_a_program_can_not_say_what_a_mock_was_called_with(judged, trick):
    source = (
        MOCK + "assert add(m, 2) == 5\nassert m.fetch.called\nm.fetch.assert_called_once_with('x')"
    )
    code = f"def add(m, b):\n    {trick}\n    return 5"
    verdict = judged(code, source)
    assert verdict.judged and not verdict.correct


@pytest.mark.parametrize(
    "source",
    [
        "from unittest.mock import patch\nwith patch('time.time', return_value=1):\n"
        "    assert add(1, 2) == 3",
        "from unittest.mock import patch\nwith patch('builtins.print') as p:\n    add(1, 2)\n"
        "    p.assert_called_once_with(3)",
        "import random\nfrom unittest import mock\nwith mock.patch.object(random, 'randint'):\n"
        "    assert add(1, 2) == 3",
        "from unittest.mock import patch\nwith patch('solution.help'):\n    assert add(1, 2) == 3",
        "import time\ntime.time = lambda: 0\nassert add(1, 2) == 3",
        "import sys\nsys.argv = ['x', '1']\nassert add(1, 2) == 3",
    ],
)
def test_what_a_test_replaces_elsewhere_is_a_fault(judged, source):
    verdict = judged(RIGHT, source)
    assert verdict.fault and "replaces" in verdict.note


@works
def test_a_test_may_replace_what_is_its_own(judged):
    source = (
        "import io, sys\nfrom unittest.mock import patch\n"
        "with patch('sys.stdout', new=io.StringIO()) as said:\n    add(1, 2)\n"
        "assert said.getvalue() == '3\\n'\nclass N: pass\nn = N()\nn.next = 1\nassert n.next == 1"
    )
    assert judged("def add(a, b): print(a + b)", source).correct

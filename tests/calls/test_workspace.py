"""The tools of a folder: shell, read, ls, grep, write, replace, test."""

import asyncio

import pytest

from whet.calls.shipped.workspace import Workspace
from whet.calls.toolbox import Toolbox
from whet.calls.tools import schemas_of
from whet.sandbox import Bubblewrap, Landlock
from whet.sandbox.messages import SessionLimits
from whet.types import Task, ToolCall, UsageError

TEST = """
from unittest import TestCase
from sums import add

def test_small():
    assert add(1, 2) == 3, "one and two"

class Sums(TestCase):
    def test_zero(self):
        self.assertEqual(add(0, 0), 0)
"""
INFO = {
    "files": {
        "sums.py": "def add(a, b):\n    return a - b\n",
        "notes/one.txt": "first\nsecond line\nthird\n",
        "tests/test_sums.py": TEST,
        "windows.txt": "a\r\nb\r\n",
    },
    "tests": ["tests/test_sums.py"],
}
TASK = Task(id="t", prompt="", info=INFO)
LIMITS = SessionLimits(cpu_s=0.5, idle_s=0.4, disk=2 << 20, processes=8)


def working(sandbox):
    async def play():
        async with Toolbox.open((Workspace(sandbox=sandbox),), TASK, 9):
            return True

    try:
        return asyncio.run(play())
    except UsageError:
        return False


@pytest.fixture(scope="module", params=[Bubblewrap(), Landlock()], ids=lambda s: type(s).__name__)
def sandbox(request):
    if why := request.param.probe():
        pytest.skip(why)
    if not working(request.param):
        pytest.skip("programs have no folder and shell here")
    return request.param


def told(sandbox, *calls, task=TASK):
    async def play():
        async with Toolbox.open((Workspace(sandbox=sandbox, limits=LIMITS),), task, 99) as box:
            answers = []
            for name, arguments in calls:
                (message,) = await box.answer((ToolCall(name=name, arguments=arguments),))
                answers.append(message["content"])
            return answers

    return asyncio.run(play())


def test_files_are_read_listed_and_searched(sandbox):
    answers = told(
        sandbox,
        ("ls", {}),
        ("ls", {"path": "notes"}),
        ("read", {"path": "notes/one.txt"}),
        ("read", {"path": "notes/one.txt", "first": 2, "last": 2}),
        ("grep", {"pattern": "s.c.nd"}),
        ("grep", {"pattern": "^def", "path": "sums.py"}),
        ("grep", {"pattern": "nowhere"}),
        ("read", {"path": "windows.txt"}),
    )
    assert answers == [
        "notes/\nsums.py\ntests/\nwindows.txt\n",
        "one.txt\n",
        "first\nsecond line\nthird\n",
        "second line\n",
        "notes/one.txt:2:second line\n",
        "sums.py:1:def add(a, b):\n",
        "no line has it\n",
        "a\r\nb\r\n",
    ]


def test_a_function_is_repaired(sandbox):
    before, replaced, after = told(
        sandbox,
        ("test", {}),
        ("replace", {"path": "sums.py", "old": "a - b", "new": "a + b"}),
        ("test", {}),
    )
    name = "tests/test_sums.py"
    assert before == (
        f"{name} test_small: AssertionError: one and two\n"
        f"{name} Sums.test_zero: passed\n1 passed, 1 failed\n"
    )
    assert replaced == "replaced 1 occurrence"
    assert (
        after == f"{name} test_small: passed\n{name} Sums.test_zero: passed\n2 passed, 0 failed\n"
    )


def test_a_shell_tells_output_and_exit_code_and_keeps_the_folder(sandbox):
    answers = told(
        sandbox,
        ("shell", {"command": "echo new > made.txt; cat made.txt; exit 3"}),
        ("read", {"path": "made.txt"}),
        ("shell", {"command": "true"}),
        ("shell", {"command": "kill -9 $$"}),
        ("shell", {"command": "(sleep 60 &) ; echo away"}),
        ("shell", {"command": "ls | wc -l"}),
    )
    assert [answer.strip() for answer in answers] == [
        "new\nexit code 3",
        "new",
        "(no output)",
        "exit code -9",
        "away",
        "5",
    ]


def test_what_stops_a_command_is_its_answer(sandbox):
    answers = told(
        sandbox,
        ("shell", {"command": "while true; do :; done"}),
        ("shell", {"command": "sleep 60"}),
        ("grep", {"pattern": "(x+x+)+y", "path": "long.txt"}),
        ("shell", {"command": "printf 'x%.0s' $(seq 60) > long.txt"}),
        ("grep", {"pattern": "(x+x+)+y", "path": "long.txt"}),
        ("ls", {"path": "notes"}),
    )
    assert answers == [
        "error: stopped after 0.5 s",
        "error: stopped after 0.4 s of waiting",
        "error: ToolError: there is no file or folder 'long.txt'",
        "(no output)",
        "error: stopped after 0.5 s",
        "one.txt\n",
    ]


LINKS = "ln -s /etc/hostname out; ln -s / root; ln -s ../.. up; ln -s notes in; ln -s loop loop"
ESCAPES = {
    "/etc/passwd": "outside",
    "../secret": "outside",
    "notes/../../x": "outside",
    "out": "outside",
    "root/etc/passwd": "outside",
    "up/etc/passwd": "outside",
    "/proc/self/environ": "outside",
    "//etc/passwd": "outside",
    "notes/../../../../../../etc/passwd": "outside",
    "/dev/zero": "outside",
    "a\0b": "null character",
    "": "is a folder",
    ".": "is a folder",
    "notes": "is a folder",
    "loop": "there is no file",
    "nothing": "there is no file",
    "sums.py/x": "there is no file",
    "~/x": "there is no file",
    "$HOME": "there is no file",
    "x" * 5000: "there is no file",
}


def test_paths_that_lead_out_are_errors(sandbox):
    reads = [("read", {"path": path}) for path in ESCAPES]
    answers = told(sandbox, ("shell", {"command": LINKS}), *reads)
    for path, answer in zip(ESCAPES, answers[1:], strict=True):
        assert answer.startswith("error: ToolError") and ESCAPES[path] in answer, (path, answer)


def test_a_link_within_the_folder_is_followed(sandbox):
    _, first, second = told(
        sandbox,
        ("shell", {"command": LINKS}),
        ("read", {"path": "in/one.txt", "last": 1}),
        ("ls", {"path": "in"}),
    )
    assert (first, second) == ("first\n", "one.txt\n")


WRITES = {
    "/tmp/x": "outside",
    "../x": "outside",
    "out": "outside",
    "root/tmp/x": "outside",
    "notes": "is a folder",
    "sums.py/x": "can't be written",
    "tests/test_sums.py": "can only be read",
    "./tests/../tests/test_sums.py": "can only be read",
    "alias": "can only be read",
}


def test_files_elsewhere_and_tests_are_not_written(sandbox):
    links = ("shell", {"command": f"{LINKS}; ln -s tests/test_sums.py alias"})
    writes = [("write", {"path": path, "text": "x"}) for path in WRITES]
    answers = told(sandbox, links, *writes, ("read", {"path": "tests/test_sums.py"}))
    for path, answer in zip(WRITES, answers[1:-1], strict=True):
        assert answer.startswith("error: ToolError") and WRITES[path] in answer, (path, answer)
    assert answers[-1] == TEST


def test_tests_run_their_own_text_whatever_a_shell_does_to_them(sandbox):
    spoil = (
        "echo 'def test_easy(): pass' > tests/test_sums.py; rm -rf tests; mv tests away; "
        "mkdir -p tests; echo 'def test_easy(): pass' > tests/test_sums.py; true"
    )
    _, answer = told(sandbox, ("shell", {"command": spoil}), ("test", {}))
    assert "test_easy" not in answer and "1 passed, 1 failed" in answer


def test_replacing_needs_one_occurrence(sandbox):
    answers = told(
        sandbox,
        ("replace", {"path": "sums.py", "old": "x", "new": ""}),
        ("replace", {"path": "sums.py", "old": "a", "new": ""}),
        ("replace", {"path": "sums.py", "old": "", "new": ""}),
        ("replace", {"path": "windows.txt", "old": "b", "new": "c"}),
        ("read", {"path": "windows.txt"}),
    )
    assert "0 times" in answers[0] and "3 times" in answers[1] and "empty" in answers[2]
    assert answers[4] == "a\r\nc\r\n"


def test_a_full_disk_leaves_the_old_file(sandbox):
    fill = "yes full | head -c 1900000 > big; echo kept > small"
    big = {"path": "small", "text": "y" * 19_000}
    calls = [("shell", {"command": fill})]
    calls += [("write", {"path": f"more{n}", "text": "z" * 19_000}) for n in range(16)]
    answers = told(sandbox, *calls, ("write", big), ("read", {"path": "small"}))
    assert "can't be written" in answers[-2] and answers[-1] == "kept\n"


def test_a_task_without_tests_says_so(sandbox):
    (answer,) = told(sandbox, ("test", {}), task=Task(id="t", prompt=""))
    assert answer == "error: ToolError: this task has no tests"


@pytest.mark.parametrize("info", [{"tests": "a"}, {"tests": ["a"]}, {"files": {"/a": ""}}])
def test_tasks_that_make_no_sense_are_refused(sandbox, info):
    with pytest.raises(UsageError, match="tests|files|locked"):
        told(sandbox, ("ls", {}), task=Task(id="t", prompt="", info=info))


def test_its_schemas_are_known_before_an_episode():
    names = [schema["function"]["name"] for schema in schemas_of((Workspace(),))]
    assert names == ["shell", "read", "ls", "grep", "write", "replace", "test"]
    with pytest.raises(UsageError, match="most is 0"):
        Workspace(most=0)

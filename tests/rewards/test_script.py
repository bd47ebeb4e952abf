"""Judges in users' files."""

import pickle
import re

import pytest

from whet.rewards.adapters.script import Script
from whet.sandbox.workers import Failed
from whet.types import Reason, UsageError


@pytest.fixture
def script(tmp_path):
    def write(text, **settings):
        path = tmp_path / "judge.py"
        path.write_text(text)
        return Script(path=str(path), workers=1, **settings)

    return write


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def score(reply, answer): return float(reply == answer)", (1.0, True, {})),
        ("def score(answer, reply): return reply == answer", (1.0, True, {})),
        ("def score(reply): return False", (0.0, False, {})),
        (
            "def score(task_id, info, prompt): return len(task_id + prompt) + info['n']",
            (5, True, {}),
        ),
        ("def score(**everything): return len(everything)", (5, True, {})),
        ("def score(reply, weight=0.25, *rest): return weight", (0.25, False, {})),
        (
            "def score(reply): return {'score': .5, 'correct': True, 'length': 2, 'why': 'so'}",
            (0.5, True, {"length": 2.0}),
        ),
        ("import numpy\ndef score(reply): return numpy.float32(0.5)", (0.5, False, {})),
        ("import numpy\ndef score(reply): return numpy.bool_(True)", (1.0, True, {})),
        ("def make():\n    return lambda reply: 2\nscore = make()", (2, True, {})),
        ("if True:\n    def score(reply): return 3", (3, True, {})),
        ("from friend import score", (4, True, {})),
        ("async def score(reply): return 5", (5, True, {})),
        ("class score:\n    def __call__(self, reply): return 6", (6, True, {})),
    ],
)
def test_what_a_function_may_be_and_return(script, tmp_path, rolled, source, expected):
    (tmp_path / "friend.py").write_text("def score(reply): return 4")
    verdict = script(source).score(rolled("42", n=3))
    assert (verdict.score, verdict.correct, dict(verdict.parts)) == expected
    lacking = Reason.PARTIAL if verdict.score else Reason.WRONG
    assert verdict.reason is (lacking if verdict.correct is False else Reason.OK)


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        ("None", "returned None"),
        ("'good'", "returned 'good'"),
        ("[1.0]", r"returned \[1\.0\]"),
        ("{}", r"returned \{\}"),
        ("{'score': None, 'a': 1}", r"returned \{'score': None, 'a': 1\}"),
        ("{'score': 1, 'correct': 'yes'}", "'correct': 'yes'"),
    ],
)
def test_what_it_may_not_return_is_a_fault(script, rolled, result, shown):
    verdict = script(f"def score(reply): return {result}").score(rolled("42"))
    assert verdict.fault
    assert re.search(rf"score of .*judge\.py .*{shown}.*; return a finite number", verdict.note)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("def scor(reply): ...", r"script\.function 'score' is not in .*did you mean 'scor'"),
        ("x = 1", r"script\.function 'score' is not in .*defines no function"),
        ("def score(completions): ...", "judges groups, in TRL's form; make it a batch_script"),
        ("def score(question): ...", r"wants 'question'; .* whet \("),
        ("def score(*, repli): ...", "wants 'repli'; did you mean 'reply'"),
        ("def score(reply", r"reward .* is not Python"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_before_the_run(script, source, complaint):
    with pytest.raises(UsageError, match=complaint) as caught:
        script(source)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["nowhere.py", "judge.txt", ""])
def test_a_path_must_lead_to_a_python_file(path):
    with pytest.raises(UsageError, match="give a Python file that exists"):
        Script(path=path)


def test_what_only_running_can_tell_is_said_at_the_first_call(script, rolled):
    judge = script("from functools import partial\nscore = partial(lambda question: 1)")
    with pytest.raises(UsageError, match=r"score of .* wants 'question'"):
        judge.score(rolled("42"))


def test_what_it_raises_is_raised(script, rolled):
    with pytest.raises(ZeroDivisionError):
        script("def score(reply): return 1 / 0").score(rolled("42"))
    source = "class Odd(Exception): ...\ndef score(reply): raise Odd('well')"
    with pytest.raises(Failed, match="Odd: well"):
        script(source).score(rolled("42"))


def test_leaving_is_no_way_out(script, rolled):
    with pytest.raises(Failed, match="SystemExit: 0"):
        script("import sys\ndef score(reply): sys.exit(0)").score(rolled("42"))


def test_a_file_that_does_not_load_says_why(script, rolled):
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        script("import no_such_module\ndef score(reply): return 1").score(rolled("42"))


def test_what_hangs_is_killed(script, rolled):
    with pytest.raises(TimeoutError, match="killed after 0.5 s"):
        script("def score(reply):\n    while True: pass", limit_s=0.5).score(rolled("42"))


def test_it_is_a_value_and_its_source_is_part_of_it(script, rolled):
    before = script("def score(reply): return 1")
    after = script("def score(reply): return 2")
    assert pickle.loads(pickle.dumps(before)) == before != after
    assert before.digest in repr(before)
    assert (before.score(rolled("42")).score, after.score(rolled("42")).score) == (1, 2)

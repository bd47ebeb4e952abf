"""Tests of programs: hidden ones are read without unpickling, and the windows hold."""

import json
import os
import pickle
import zlib
from base64 import b64encode

import pytest
from benchmark_files import lines, packed, write
from benchmark_programs import FUNCTIONAL, HUMAN_EVAL, LIVE_CODE_BENCH, MBPP, STDIN
from hypothesis import given
from hypothesis import strategies as st

from whet.data import contest_tests
from whet.data.benchmarks.human_eval import HumanEval
from whet.data.benchmarks.live_code_bench import LiveCodeBench
from whet.data.benchmarks.mbpp import Mbpp
from whet.data.pickled_text import pickled_text
from whet.types import UsageError

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


class Hostile:
    """A pickle of it would run a command."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(PROTOCOLS))
def test_a_pickled_text_is_the_text(text, protocol):
    assert pickled_text(pickle.dumps(text, protocol)) == text


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_pickle_is_run(tmp_path, protocol):
    made = tmp_path / "made"
    data = pickle.dumps(Hostile(str(made)), protocol)
    with pytest.raises(ValueError, match="pickle holds"):
        pickled_text(data)
    assert not made.exists()
    pickle.loads(data)
    assert made.exists()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("held", [1, None, b"x", ["x"], ("x", "y"), {"x": "y"}, 0.5], ids=repr)
def test_a_pickle_of_anything_but_a_text_is_refused(held, protocol):
    with pytest.raises(ValueError, match="pickle holds"):
        pickled_text(pickle.dumps(held, protocol))


@given(st.binary(max_size=200))
def test_bytes_that_are_no_pickle_of_a_text_are_refused_or_read(data):
    try:
        found = pickled_text(data)
    except ValueError:
        return
    assert isinstance(found, str)


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_pickle_that_is_cut_or_goes_on_is_refused(cut):
    data = pickle.dumps("the whole text", 4)
    with pytest.raises(ValueError):
        pickled_text(data[:-cut])
    with pytest.raises(ValueError):
        pickled_text(data + b"." * cut)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_hidden_and_shown_cases_are_all_run(tmp_path, protocol):
    hidden = [{**STDIN[0], "input": str(n)} for n in range(5)]
    one = {**LIVE_CODE_BENCH.rows[0], "private_test_cases": packed(hidden, protocol)}
    path = write(tmp_path, LIVE_CODE_BENCH, rows=[one])
    [task] = LiveCodeBench(path=str(path)).held_out("test", 9)
    assert task.info["tests"]["inputs"] == ["1 2\n", "0", "1", "2", "3", "4"]
    assert task.info["tests"]["kind"] == "stdin"


def test_functions_are_called_and_named(tmp_path):
    path = write(tmp_path, LIVE_CODE_BENCH, rows=LIVE_CODE_BENCH.rows[1:])
    [task] = LiveCodeBench(path=str(path)).held_out("test", 9)
    tests = task.info["tests"]
    assert (tests["kind"], tests["fn_name"]) == ("call", "count")
    assert tests["inputs"] == [FUNCTIONAL[0]["input"], "[3]\n1"]
    assert "class Solution" in task.prompt


def test_few_bytes_that_stand_for_many_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(contest_tests, "_LARGEST", 1000)
    bomb = b64encode(zlib.compress(pickle.dumps(json.dumps(STDIN * 100)))).decode()
    path = write(
        tmp_path,
        LIVE_CODE_BENCH,
        rows=[{**LIVE_CODE_BENCH.rows[0], "private_test_cases": bomb}],
    )
    with pytest.raises(UsageError, match=r"test6\.jsonl:1: private_test_cases.*1000 bytes"):
        LiveCodeBench(path=str(path)).size("test")


@pytest.mark.parametrize(
    ("since", "until", "count"),
    [
        ("", "", 2),
        ("2031-01-05", "", 2),
        ("2031-01-06", "", 1),
        ("", "2031-01-05", 1),
        ("2031-01-06", "2031-02-05", 1),
    ],
)
def test_both_ends_of_the_window_of_dates_count(tmp_path, since, until, count):
    path = write(tmp_path, LIVE_CODE_BENCH)
    assert LiveCodeBench(path=str(path), since=since, until=until).size("test") == count


def test_a_window_without_contests_or_a_date_that_is_none_is_refused(tmp_path):
    path = write(tmp_path, LIVE_CODE_BENCH)
    with pytest.raises(UsageError, match="since and until"):
        LiveCodeBench(path=str(path), since="2040-01-01").size("test")
    with pytest.raises(UsageError, match=r"live_code_bench\.until"):
        LiveCodeBench(path=str(path), until="January")


def test_several_releases_are_a_pattern(tmp_path):
    for name, rows in (("test.jsonl", LIVE_CODE_BENCH.rows[:1]), ("test2.jsonl", [])):
        lines(tmp_path / name, rows or LIVE_CODE_BENCH.rows[1:])
    assert LiveCodeBench(path=str(tmp_path / "test*.jsonl")).size("test") == 2


def test_the_test_split_of_mbpp_is_read_alone(tmp_path):
    ids = [1, 10, 11, 300, 510, 511, 974]
    path = write(tmp_path, MBPP, rows=[{**MBPP.rows[1], "task_id": n} for n in ids])
    tasks = Mbpp(path=str(path)).held_out("test", 99)
    assert sorted(task.id for task in tasks) == ["mbpp/11", "mbpp/300", "mbpp/510"]
    assert "assert isclose(root(4), 2)" in tasks[0].prompt


def test_what_stands_before_the_function_goes_before_the_program(tmp_path):
    path = write(tmp_path, HUMAN_EVAL)
    tasks = {task.id: task for task in HumanEval(path=str(path)).held_out("test", 9)}
    tests = tasks["HumanEval/1"].info["tests"]
    assert tests["prelude"].strip() == "def coded(s: str):\n    return s[::-1]"
    assert tests["entry_point"] == "decoded" and tests["starter"].startswith("def decoded(")

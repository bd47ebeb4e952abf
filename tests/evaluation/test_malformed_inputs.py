"""Malformed samples, options and addresses: a line with file, row and remedy, and nothing changes.

Nothing here is asked of a model or a server: what is wrong is found before.
"""

import json
import os
from dataclasses import dataclass

import pytest

from whet.cli.main import main

GOOD = {"problem": "a", "index": 0, "policy": "served:m", "setting": "s", "correct": True}
OTHER = GOOD | {"problem": "b"}
HUGE = 10**400
NOWHERE = "http://127.0.0.1:9/v1"


def rows(*held):
    """Lines of JSON; a text stands as it is."""
    return "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in held).encode()


def second(**fields):
    """A sound row, and one that has these fields, too."""
    return rows(GOOD, OTHER | fields)


FILES = {  # name: (bytes, what the line says besides the file)
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "row 1 is no UTF-8"),
    "all bytes": (bytes(range(256)) * 9, "row 1 is no JSON"),
    "zeros": (b"\0" * 64, "row 1 is no JSON"),
    "a byte order mark": (b"\xef\xbb\xbf" + rows(GOOD), "row 1 begins with a byte order mark"),
    "UTF-16": (rows(GOOD).decode().encode("utf-16"), "row 1 is no UTF-8"),
    "Latin-1": (rows(GOOD) + b'{"problem": "\xe9", "index": 0}\n', "row 2 is no UTF-8"),
    "text": (b"problem,index\na,0\n", "row 1 is no JSON"),
    "text without an end of line": (rows(GOOD) + b"the end", "row 2 is no JSON"),
    "a JSON document": (json.dumps([GOOD, OTHER], indent=1).encode(), "row 1 is no JSON"),
    "a list on a line": (rows(GOOD, "[1, 2]"), "row 2 is [1, 2]"),
    "a number on a line": (rows("7"), "row 1 is 7"),
    "null on a line": (rows(GOOD, "null"), "row 2 is None"),
    "a row cut in the middle": (rows(GOOD, '{"problem": "b", "ind', OTHER), "row 2 is no JSON"),
    "an unknown escape": (rows(r'{"problem": "\q", "index": 0}'), "row 1 is no JSON"),
    "brackets without end": (rows(GOOD, "[" * 100_000), "row 2 is no JSON"),
    "a row of another file": (rows(GOOD, {"prompt": "1+1", "answer": "2"}), "row 2 has no problem"),
    "no index": (rows({"problem": "a"}), "row 1 has no index"),
    "a problem without a name": (second(problem=""), "row 2: problem is ''"),
    "a number as a name": (second(problem=7), "row 2: problem is 7"),
    "a text as an index": (second(index="0"), "row 2: index is '0'"),
    "a fraction as an index": (second(index=0.5), "row 2: index is 0.5"),
    "a negative index": (second(index=-1), "row 2: index is -1"),
    "a flag as an index": (second(index=True), "row 2: index is True"),
    "negative tokens": (second(tokens=-3), "row 2: tokens is -3"),
    "a text as tokens": (second(tokens="12"), "row 2: tokens is '12'"),
    "negative tokens of a prompt": (second(prompt_tokens=-1), "row 2: prompt_tokens is -1"),
    "an integer of 65 bits": (second(seed=2**64), "row 2: seed is 2^64"),
    "an integer of 400 digits": (second(tokens=HUGE), "row 2: tokens is 2^1328"),
    "a number of 400 digits": (second(score=HUGE), "row 2: score is 2^1328"),
    "an integer of 5000 digits": (
        rows(GOOD, f'{{"problem": "b", "index": {"9" * 5000}}}'),
        "row 2 is no JSON",
    ),
    "NaN": (rows('{"problem": "a", "index": 0, "score": NaN}'), "row 1: score is nan"),
    "Infinity": (rows('{"problem": "a", "index": 0, "logp": -Infinity}'), "row 1: logp is -inf"),
    "a float that overflows": (
        rows('{"problem": "a", "index": 0, "score": 1e999}'),
        "score is inf",
    ),
    "a text as a score": (second(score="1"), "row 2: score is '1'"),
    "a number as a verdict": (second(correct=1), "row 2: correct is 1"),
    "a word as a verdict": (second(correct="yes"), "row 2: correct is 'yes'"),
    "a number as a text": (second(text=42), "row 2: text is 42"),
    "null as a text": (second(text=None), "row 2: text is None"),
    "an unknown finish": (second(finish="eos"), "row 2: finish is 'eos'"),
    "a list as a finish": (second(finish=["stop"]), "row 2: finish is ['stop']"),
    "an unknown reason": (second(reason="tired"), "row 2: reason is 'tired'"),
    "a fault with a verdict": (second(reason="verifier_error"), "row 2: correct is True"),
    "a fault with a score": (
        second(reason="verifier_error", correct=None, score=0.0),
        "row 2: score is 0.0",
    ),
    "a confidence above 1": (second(confidence=1.5), "row 2: confidence is 1.5"),
    "a negative temperature": (second(temperature=-1), "row 2: temperature is -1"),
    "a top_p of 0": (second(top_p=0), "row 2: top_p is 0"),
    "negative rows": (second(rows=-1), "row 2: rows is -1"),
    "a row twice": (rows(GOOD, OTHER, GOOD), "row 3 repeats problem 'a', sample 0, of row 1"),
    "a row twice, in other words": (
        rows(GOOD | {"text": "x"}, GOOD | {"text": "y"}),
        "row 2 repeats problem 'a'",
    ),
    "two models": (second(policy="served:n"), "row 2: policy is 'served:n'"),
    "two settings": (second(setting="t"), "row 2: setting is 't'"),
    "a task with rows taken out": (
        rows(GOOD | {"rows": 3}, GOOD | {"rows": 3, "index": 1}, OTHER),
        "row 1: problem 'a' has 2 of its 3 rows",
    ),
}


@dataclass(frozen=True)
class Refused:
    """The line that a command said, after it changed nothing."""

    here: object
    capsys: object

    def __call__(self, *words):
        before = {path: _state(path) for path in self.here.rglob("*")}
        assert main(words) == 2
        out, err = self.capsys.readouterr()
        assert out == "" and err.startswith("whet: ") and len(err.strip().splitlines()) == 1, err
        assert len(err) < 600 and ";" in err
        assert {path: _state(path) for path in self.here.rglob("*")} == before
        return err


def _state(path):
    held = path.stat()
    return held.st_mtime_ns, path.read_bytes() if path.is_file() else b""


@pytest.fixture
def refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sums.jsonl").write_bytes(rows({"prompt": "1+1=", "answer": "2"}))
    (tmp_path / "good.jsonl").write_bytes(rows(GOOD, OTHER))
    return Refused(tmp_path, capsys)


def evaluation(*words, server=NOWHERE):
    return ("eval", "m", "--server", server, "--tasks", "sums.jsonl", "--reward", "exact", *words)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_refused_by_every_command_with_its_row(name, refused, tmp_path):
    held, told = FILES[name]
    (tmp_path / "bad.jsonl").write_bytes(held)
    for words in (
        ("eval", "bad.jsonl"),
        ("compare", "bad.jsonl", "good.jsonl"),
        ("compare", "good.jsonl", "bad.jsonl"),
        evaluation("--out", "bad.jsonl"),
    ):
        said = refused(*words)
        assert told in said and "'bad.jsonl'" in said.replace(f"{tmp_path}/", "")


def test_the_table_is_long():
    assert len(FILES) >= 45


def test_a_file_of_no_samples_has_none_to_compare(refused, tmp_path):
    for name, held in {"empty": b"", "blank": b"\n \n", "torn": b'{"problem": "a", "in'}.items():
        (tmp_path / f"{name}.jsonl").write_bytes(held)
        assert "has no sample" in refused("compare", f"{name}.jsonl", "good.jsonl")
    (tmp_path / "greedy.jsonl").write_bytes(rows(GOOD | {"greedy": True}))
    assert "greedy replies only" in refused("compare", "greedy.jsonl", "good.jsonl")


def test_what_is_no_file_is_refused(refused, tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for words in (("compare", "folder", "good.jsonl"), ("compare", "good.jsonl", "folder")):
        assert "'folder' is no file" in refused(*words)
    assert "'none.jsonl' can't be read" in refused("compare", "none.jsonl", "good.jsonl")
    assert "is no file" in refused("compare", "/dev/zero", "good.jsonl")
    for name in ("folder", "pipe"):
        said = [main(evaluation("--out", name)), refused.capsys.readouterr().err]
        assert said[0] == 2 and f"{name}' is no file" in said[1]
    assert "no/s.jsonl', in a folder" in refused(*evaluation("--out", "no/s.jsonl"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write anything")
def test_what_may_not_be_read_or_written_is_refused(refused, tmp_path):
    (tmp_path / "good.jsonl").chmod(0o200)
    assert "can't be read" in refused(*evaluation("--out", "good.jsonl"))
    (tmp_path / "good.jsonl").chmod(0o400)
    assert "can't be written" in refused(*evaluation("--out", "good.jsonl"))


@pytest.mark.parametrize("name", ["policy", "setting"])
def test_samples_of_another_evaluation_are_not_gone_on_from(name, refused, tmp_path):
    (tmp_path / "bad.jsonl").write_bytes(rows(GOOD | {name: "another"}))
    said = refused(*evaluation("--out", "bad.jsonl"))
    assert f"row 1: {name} is 'another'" in said and "give --out another file" in said


def test_problems_that_differ_are_not_compared(refused, tmp_path):
    (tmp_path / "more.jsonl").write_bytes(rows(GOOD, OTHER, GOOD | {"problem": "c"}))
    for words in (("more.jsonl", "good.jsonl"), ("good.jsonl", "more.jsonl")):
        assert "problem 'c' is in 'more.jsonl' only" in refused("compare", *words)


def test_one_problem_is_too_few(refused, tmp_path):
    (tmp_path / "one.jsonl").write_bytes(rows(GOOD))
    assert "1 of 1 problems" in refused("compare", "one.jsonl", "one.jsonl")
    (tmp_path / "fault.jsonl").write_bytes(
        second(correct=None, reason="verifier_error", note="away")
    )
    assert "1 of 2 problems" in refused("compare", "fault.jsonl", "good.jsonl")


@pytest.mark.parametrize("k", ["0", "-1", "2", "1,9", "many", "1.5", "", ",", "1;2"])
def test_numbers_of_samples_that_are_not_there_are_refused(k, refused):
    assert refused("compare", "good.jsonl", "good.jsonl", "--k", k).startswith("whet: k is ")


@pytest.mark.parametrize(
    ("server", "told"),
    [
        ("localhost:8000", "'localhost:8000'"),
        ("127.0.0.1", "'127.0.0.1'"),
        ("ftp://127.0.0.1/v1", "'ftp://127.0.0.1/v1'"),
        ("http://", "'http://'"),
        ("http://[::1", "'http://[::1'"),
        ("http://me:secret@127.0.0.1/v1", "password"),
        ("http://127.0.0.1:99999/v1", "99999"),
    ],
)
def test_addresses_that_are_none_are_refused(server, told, refused):
    said = refused(*evaluation(server=server))
    assert told in said and "secret" not in said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--concurrency", "0"), "server.concurrency is 0"),
        (("--retries", "-1"), "server.retries is -1"),
        (("--timeout-s", "0"), "server.timeout_s is 0"),
        (("--timeout-s", "inf"), "server.timeout_s is inf"),
        (("--timeout-s", "soon"), "timeout_s is 'soon'"),
        (("--device", "cpu"), "device is cpu"),
        (("--max-prompt-length", "9"), "max_prompt_length is 9"),
        (("--key-env", "WHET_NO_SUCH_KEY"), "'WHET_NO_SUCH_KEY'"),
        (("--samples", "4", "--k", "1,8"), "evaluation.k is 1, 8"),
    ],
)
def test_options_that_do_not_fit_a_server_are_refused(words, told, refused):
    assert told in refused(*evaluation(*words))


def test_options_of_a_server_are_refused_without_one(refused):
    for words in (("--key-env", "X"), ("--concurrency", "4"), ("--timeout-s", "5")):
        said = refused("eval", "m", "--tasks", "sums.jsonl", *words)
        assert words[0].removeprefix("--").replace("-", "_") in said
    said = refused("eval", "", "--server", NOWHERE, "--tasks", "sums.jsonl", "--reward", "exact")
    assert "server.model is ''" in said
    assert "model 'm' is not a run" in refused("eval", "m", "--server", NOWHERE)

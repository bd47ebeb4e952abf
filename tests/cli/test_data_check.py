"""`whet data check`: every row is looked at, and every reason has a place."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from whet.cli.main import main
from whet.engines.models import FromScratch

CHAT = "{% for m in messages %}<pad>{{ m.role }}:{{ m.content }}{% endfor %}"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Two folders: `plain` without a chat template, `chat` with one."""
    here = tmp_path_factory.mktemp("models")
    model, tokenizer = FromScratch(shape="llama-tiny").load("cpu")
    for name, template in (("plain", None), ("chat", CHAT)):
        tokenizer.chat_template = template
        model.save_pretrained(here / name)
        tokenizer.save_pretrained(here / name)
    return here


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(*rows, name="a.jsonl"):
        path = Path(name)
        path.parent.mkdir(exist_ok=True)
        lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
        path.write_text("\n".join(lines))
        return name

    return write


def sums(count):
    return [{"prompt": f"{n}+1=", "answer": str(n + 1)} for n in range(count)]


def found(capsys, *words, code=0):
    """The JSON document of a check."""
    assert main(["data", "check", *words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def warned(document):
    return {w["says"]: w["rows"] for w in document["warnings"]}


def test_a_sound_file_is_shown_and_counted(written, capsys):
    assert main(["data", "check", written(*sums(40))]) == 0
    said = capsys.readouterr().out
    assert "40 of 40 rows can be used" in said and "train 36, dev 2, test 2" in said
    assert "3 of 40 rows shown" in said and "a.jsonl:4" not in said.partition("rows shown")[0]
    assert "none is named in 40 rows" in said and "can't be used" not in said


def test_all_errors_are_collected_with_their_lines(written, capsys):
    good = sums(12)
    rows = [*good, "{", '{"prompt": "a", "prompt": "b", "answer": "c"}', "[1]"]
    rows += [{"prompt": "x", "answer": "  "}, {"prompt": "", "answer": "1"}]
    rows += [{"prompt": "x", "answer": [["1"]]}, {"prompt": 7, "answer": "1"}, {"question": "x"}]
    document = found(capsys, written(*rows), "--rows", "0", code=1)
    assert (document["rows"], document["usable"]) == (20, 12)
    places = [error.replace(", line ", ":").split()[0].rstrip(":,") for error in document["errors"]]
    assert places == [f"a.jsonl:{line}" for line in range(13, 21)]
    named = ["no JSON", "'prompt' stands twice", "no object", "no answer", "no prompt"]
    named += ["lists or objects", "neither text nor messages", "no answer"]
    assert all(word in error for word, error in zip(named, document["errors"], strict=True))
    assert "--answer-column" in document["errors"][3] and document["shown"] == []


def test_ragged_records_are_collected_too(written, capsys):
    name = written("prompt,answer", "a,b", "a,b,c", "d,e", "f", name="a.csv")
    document = found(capsys, name, code=1)
    assert [e.partition(" fields")[0] for e in document["errors"]] == [
        "a.csv, line 3: 3",
        "a.csv, line 5: 1",
    ]
    assert document["usable"] == 2


def test_where_reading_ends_it_says_so(written, capsys):
    written()
    Path("a.jsonl").write_bytes(b'{"prompt": "a", "answer": "b"}\n{"prompt": "\xe9"}\n{}\n')
    [error] = found(capsys, "a.jsonl", code=1)["errors"]
    assert "line 2: not UTF-8" in error and "not read" in error


def test_no_row_can_be_used(written, capsys):
    document = found(capsys, written({"text": "a"}, {"text": "b"}), code=1)
    assert document["usable"] == 0 and len(document["errors"]) == 2


def test_what_is_strange_is_a_warning(written, capsys):
    rows = sums(12)
    rows[1]["answer"] = "NaN"
    rows[2]["answer"] = '["3", "4"]'
    rows[3] = {"question": "3+1=", "solution": "4"}
    rows += [rows[5], rows[6] | {"answer": "8"}]
    for row in rows:
        row["split"] = "train"
    rows.append({"prompt": "new", "answer": "1", "split": "test"})
    rows.append({"prompt": "0+1=", "answer": "1", "split": "test"})
    document = found(capsys, written(*rows))
    again = "the prompt stands in the same split already"
    assert warned(document) == {
        "the answer is a text that usually stands for a missing value": ["a.jsonl:2"],
        "the answer is a list written as text, and one answer; for several write a list": [
            "a.jsonl:3"
        ],
        "the prompt is read from question, in most rows from prompt": ["a.jsonl:4"],
        "the answer is read from solution, in most rows from answer": ["a.jsonl:4"],
        again: ["a.jsonl:13"],
        f"{again}, with another answer": ["a.jsonl:14"],
    }
    [left] = document["left_out"]
    assert left.startswith("a.jsonl:1: ") and "held out in test as a.jsonl:16" in left
    assert document["splits_named"] and document["splits"]["test"] == 2


def test_options_that_the_prompt_hides_and_objects_are_doubts(written, capsys):
    options = ["Paris", "Rome"]
    document = found(
        capsys,
        written(
            {"question": "Which?", "options": options, "answer": "A"},
            {"question": "Which? A. Paris B. Rome", "options": options, "answer": "A"},
            {"question": "And which?", "choices": options, "answer": "B"},
            {"question": "Who?", "answer": {"value": "Paris", "aliases": ["paris"]}},
            {"question": "Prove it.", "answer": "proof"},
        ),
    )
    assert warned(document) == {
        "the row lists options, and the prompt shows none of them": ["a.jsonl:1", "a.jsonl:3"],
        "the answer is an object, which a reward that compares texts never meets": ["a.jsonl:4"],
        "the answer is a text that usually stands for a missing value": ["a.jsonl:5"],
    }


def test_answers_and_tools_are_shown_whole(written, capsys):
    ask = [{"role": "user", "content": "a\nb"}]
    tool = {"type": "function", "function": {"name": "f"}}
    row = {"prompt": ask, "answer": [4, "four"], "tools": [tool], "verifier": "math"}
    name = written(row)
    [shown] = found(capsys, name)["shown"]
    assert (shown["answer"], shown["alternatives"]) == ("4", ["four"])
    assert (shown["prompt"], shown["tools"], shown["verifier"]) == (ask, [tool], "math")
    assert main(["data", "check", name]) == 0
    said = capsys.readouterr().out
    assert r"user: a\nb" in said and "or       four" in said and '"name": "f"' in said
    assert "verifiers   math 1" in said


def test_prompts_are_the_tokens_of_the_model(written, models, capsys):
    """One token a character; the special token `<pad>` by its name."""
    name = written({"prompt": [{"role": "user", "content": "6+1="}], "answer": "7"})
    document = found(capsys, name, "--model", str(models / "chat"))
    [shown] = document["shown"]
    assert shown["tokens"][0] == "<pad>" and shown["tokens"][-4:] == [*"6+1="]
    tokenizer = AutoTokenizer.from_pretrained(models / "chat")
    ids = tokenizer.apply_chat_template(
        shown["prompt"], add_generation_prompt=True, return_dict=False
    )
    assert len(shown["tokens"]) == len(ids)
    assert main(["data", "check", name, "--model", str(models / "chat")]) == 0
    said = capsys.readouterr().out
    assert "<pad>│" in said and f"{len(ids)} tokens" in said


def test_a_chat_without_a_template_can_not_be_used(written, models, capsys):
    name = written(*sums(3), {"prompt": [{"role": "user", "content": "a"}], "answer": "7"})
    [error] = found(capsys, name, "--model", str(models / "plain"), code=1)["errors"]
    assert error.startswith("a.jsonl:4: ") and "template" in error


def test_long_prompts_are_counted(written, models, capsys):
    rows = [*sums(3), {"prompt": "1+" * 20, "answer": "1"}, {"prompt": "1+" * 300, "answer": "1"}]
    model = ("--model", str(models / "plain"))
    document = found(capsys, written(*rows), *model)
    assert [w["rows"] for w in document["warnings"]] == [["a.jsonl:5"]]
    document = found(capsys, "a.jsonl", *model, "--max-prompt-length", "39")
    assert [line.partition(":4:")[0] for line in document["left_out"]][0] == "a.jsonl"
    assert len(document["left_out"]) == 2 and document["warnings"] == []


def test_a_reward_is_asked_about_every_own_answer(written, capsys):
    rows = [*sums(5), {"prompt": "a", "answer": ["4", "5"]}, {"prompt": "b", "answer": "# 1 # 2"}]
    document = found(capsys, written(*rows), "--reward", "exact", code=1)
    assert document["accepted"] == 7 and document["warnings"] == []
    [error] = document["errors"]
    assert error.startswith("a.jsonl:7: ") and "exact.before" in error
    assert document["shown"][0]["verdicts"] == [{"answer": "1", "accepted": True, "reason": "ok"}]
    assert main(["data", "check", "a.jsonl", "--reward", "exact"]) == 1
    assert "own answers 7 of 8 accepted by exact" in capsys.readouterr().out


def test_an_answer_that_can_not_be_judged_is_an_error(written, capsys):
    Path("judge.py").write_text(
        "def score(reply, answer):\n    return 1.0 / (int(answer) - 3) > -9\n"
    )
    name = written(*sums(4))
    document = found(capsys, name, "--reward", "judge.py", code=1)
    assert document["accepted"] == 3
    assert [e.partition(": the reward")[0] for e in document["errors"]] == ["a.jsonl:3"]
    assert "ZeroDivisionError" in document["errors"][0]


def test_folders_and_columns(written, capsys):
    written({"ask": "a", "gold": "1"}, name="d/train.jsonl")
    written({"ask": "b", "gold": "2"}, name="d/test.jsonl")
    document = found(capsys, "d", "--prompt-column", "ask", "--answer-column", "gold")
    assert document["splits"] == {"train": 0, "dev": 1, "test": 1}
    assert [row["id"] for row in document["shown"]] == ["test.jsonl:1", "train.jsonl:1"]


@pytest.mark.full
def test_ctrl_c_is_one_line(tmp_path):
    (tmp_path / "judge.py").write_text(
        "import time\n\ndef score(reply):\n    time.sleep(1)\n    return 1.0\n"
    )
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, sums(200))))
    words = ["data", "check", "a.jsonl", "--reward", "judge.py"]
    process = subprocess.Popen(
        [sys.executable, "-c", _READY, *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    until = time.monotonic() + 60
    while not (tmp_path / "asked").exists():
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in err and not out
    assert err.strip().splitlines()[-1] == "whet: interrupted"


_READY = """
import sys
from pathlib import Path

from whet.cli.main import main
from whet.data.checking import gold_verdicts

plain = gold_verdicts.verdicts


def telling(*given):
    Path("asked").touch()
    return plain(*given)


gold_verdicts.verdicts = telling
sys.exit(main(sys.argv[1:]))
"""

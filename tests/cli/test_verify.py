"""`whet verify`, as a user types it."""

import json
import signal
import subprocess
import sys
import time

import pytest

from whet.cli.main import main

ROWS = [
    {"prompt": f"{i}+1?", "reply": f"#{i + 1 + i % 2}", "answer": str(i + 1), "correct": i % 2 == 0}
    for i in range(10)
]
TRL = """
def score(completions, answer, **columns):
    return [float(gold in text) for text, gold in zip(completions, answer)]
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A directory with labelled rows and a judge in TRL's form."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    (tmp_path / "contains.py").write_text(TRL)
    return tmp_path


def test_one_json_document(here, capsys):
    assert main(["verify", "exact", "--labelled", "rows.jsonl", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["seen"] == 10 and said["precision"]["value"] == said["recall"]["value"] == 1
    assert (said["right_accepted"], said["wrong_refused"]) == (5, 5)
    assert said["faults"]["count"] == said["false_ones"]["count"] == 0
    assert set(said["latency_ms"]) == {"p50", "p95", "p99", "max"}
    assert set(said["axes"]) == {"objectivity", "speed", "scale", "noise", "gradation"}
    assert said["steady"]["share"] == 1 and said["attacked"]["odd"]["count"] == 0


def test_two_judges_on_one_table(here, capsys):
    words = ["verify", "contains.py", "--labelled", "rows.jsonl", "--against", "exact"]
    assert main([*words, "--examples", "1"]) == 0
    said = capsys.readouterr().out
    for words in ("precision", "abstentions 0", "p95", "rewarded traps"):
        assert words in said
    assert "against exact, on 10 of 10 replies that both judge: agreement 1.000, κ 1.000" in said


def test_the_synthetic_set_needs_no_file(here, capsys):
    assert main(["verify", "exact", "--labelled", "synthetic", "--rows", "60", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["asked"] == 60 and said["wrong_accepted"] == 0


def test_what_a_judge_leaves_open_is_counted_and_never_nan(here, capsys):
    """Of 5 right and 5 wrong replies 3 are not covered, 3 are faults, 4 are accepted."""
    (here / "away.py").write_text(
        "from whet.protocols import Reward\nfrom whet.types import Verdict\n\n"
        "class Away(Reward):\n    def score(self, rollout):\n"
        "        if rollout.task.answer in '123':\n"
        "            return Verdict.not_applicable('no tests')\n"
        "        if rollout.task.answer in '456':\n"
        "            return Verdict.unjudged('down')\n"
        "        return Verdict.binary(correct=True)\n"
    )
    words = ["verify", "away.py:Away", "--labelled", "rows.jsonl"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "nan" not in said
    assert "abstentions 3 of 10" in said and "not covered 3 of 10" in said
    assert "– of 0 traps, 76 without a verdict" in said  # faults fool nobody, and resist nothing
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    # of the seven that are covered: right 7, 9 and the fault on 5; wrong 8, 10 and those on 4, 6
    assert [found["recall"][name] for name in ("problems", "of")] == [2, 3]
    assert [found["recall"][name] for name in ("least", "value", "most")] == [2 / 3, 1.0, 1.0]
    assert [found["specificity"][name] for name in ("least", "most")] == [0.0, 0.5]
    assert [found["accuracy"][name] for name in ("least", "most")] == [2 / 7, 5 / 7]
    assert [found["precision"][name] for name in ("least", "value", "most")] == [2 / 6, 0.5, 3 / 5]
    assert (found["faults"]["count"], found["not_applicable"]["count"]) == (3, 3)
    assert found["axes"]["objectivity"]["value"] == 4 / 7
    assert found["attacked"]["share"] is None


def test_the_law_compares_every_verifier_of_a_folder(here, capsys):
    """Ten replies: both judges are named by their files."""
    (here / "rows").mkdir()
    for name in ("exact", "qa_exact"):
        (here / "rows" / f"{name}.jsonl").write_text((here / "rows.jsonl").read_text())
    assert main(["verify", "--law", "--labelled", "rows"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in said[1:3]] == [["exact", "10"], ["qa_exact", "10"]]
    assert all(name in said[0] for name in ("objectivity", "speed", "scale", "noise", "gradation"))
    assert "1.000 [0.722, 1.000]" in said[1]  # Wilson's interval of 10 in 10
    assert main(["verify", "--law", "--labelled", "rows", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["exact"]["axes"]["noise"]["value"] == 0
    assert found["exact"]["axes"]["gradation"]["value"] == 1
    assert found["exact"]["axes"]["scale"]["low"] is None  # ten replies make no ten blocks


def test_scores_without_correctness_say_from_where_on_they_accept(here, capsys):
    (here / "half.py").write_text("def score(reply, answer):\n    return {'score': 0.5}\n")
    assert main(["verify", "half.py", "--labelled", "rows.jsonl", "--examples", "0"]) == 0
    said = capsys.readouterr().out
    assert "10 of 10 verdicts don't say what is correct" in said and "0.5" in said


@pytest.mark.parametrize("reward", ["overlong", "majority", "noisy", "format_only"])
def test_judges_of_groups_that_play_nothing_are_measured(here, capsys, reward):
    assert main(["verify", reward, "--labelled", "synthetic", "--rows", "20", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["seen"] == 20 and said["faults"]["count"] == 0
    assert said["wrong_accepted"] == said["right_refused"] == 0  # `correct` is the checker's


@pytest.mark.parametrize("reward", ["vine", "co_reward", "self_critique"])
def test_judges_that_play_with_the_policy_are_refused_by_name(here, capsys, reward):
    assert main(["verify", reward, "--labelled", "synthetic", "--rows", "20"]) == 2
    said = capsys.readouterr().err
    assert reward.title().replace("_", "") in said and "policy" in said and said.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["exact"], "missing --labelled"),
        (["--labelled", "rows.jsonl"], "missing REWARD"),
        (
            ["--law", "--labelled", "rows.jsonl"],
            "labelled is 'rows.jsonl'; with --law give a folder",
        ),
        (["exact", "--law", "--labelled", "."], "reward is 'exact' with --law"),
        (["--law", "--labelled", "."], "reward 'rows'"),
        (["exact", "--labelled", "rows.csv"], "labelled is 'rows.csv'; give synthetic, or a file"),
        (["exat", "--labelled", "rows.jsonl"], "did you mean 'exact'?"),
        (
            ["exact", "--labelled", "rows.jsonl", "--concurrency", "0"],
            "concurrency is 0; give 1 or more",
        ),
        (
            ["exact", "--labelled", "rows.jsonl", "--against", "no.py"],
            "reward 'no.py' is not there; give a Python file",
        ),
    ],
)
def test_wrong_words_are_one_line(here, capsys, words, told):
    assert main(["verify", *words]) == 2
    said = capsys.readouterr().err
    assert told in said and len(said.strip().splitlines()) == 1


@pytest.mark.full
def test_ctrl_c_leaves_what_was_found(here):
    (here / "slow.py").write_text(
        "import time\n\ndef score(reply, answer):\n    open('begun', 'a').write('x')\n"
        "    time.sleep(0.2)\n    return reply == '#' + answer\n"
    )
    rows = [row | {"prompt": f"{i}: {row['prompt']}"} for i in range(50) for row in ROWS]
    (here / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    command = [sys.executable, "-m", "whet", "verify", "slow.py", "--labelled", "rows.jsonl"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=here
    )
    while not (here / "begun").exists() or len((here / "begun").read_text()) < 30:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopping after the calls in progress" in err
    assert "of 500 labelled replies (stopped early)" in out and "precision" in out

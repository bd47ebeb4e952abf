"""The numbers of a file of samples, computed again: hand numbers, files, and what is refused."""

import csv
import json
from dataclasses import replace
from fractions import Fraction

import pytest
from problem_records import N, R, W, problem

from whet.cli.main import main
from whet.evaluation.sample_file import read_samples, write_samples
from whet.types import Finish, Reason
from whet.view.metric_table import curve_charts, metric_rows

SHARED = {"model": "m", "policy": "w", "setting": "s", "split": "test", "rows": 4}


def two_problems():
    """One problem with 3 of 4 right, one with 1 of 4; answers and chains of each sample."""
    first = problem(
        (R, R, R, W),
        "a",
        extracted=["1", "1", "1", "2"],
        chain_correct=[R, W, R, W],
        tokens=[1, 2, 3, 4],
        score=[1.0, 1.0, 1.0, 0.0],
        **SHARED,
    )
    second = problem(
        (R, W, W, W),
        "b",
        extracted=["5", "6", "6", "6"],
        chain_correct=[R, R, W, W],
        tokens=[8, 4, 4, 4],
        score=[1.0, 0.0, 0.0, 0.0],
        **SHARED,
    )
    return (*first.samples, *second.samples)


@pytest.fixture
def file(tmp_path):
    rows = two_problems()
    greedy = [replace(rows[0], greedy=True, rows=1), replace(rows[5], greedy=True, rows=1, index=0)]
    write_samples(tmp_path / "samples.jsonl", [*greedy, *rows])
    return tmp_path / "samples.jsonl"


def values(rows):
    return {(row.metric, row.at): row.estimate.value for row in rows}


def test_metrics_of_two_problems_by_hand():
    found = values(metric_rows(two_problems()))
    expected = {
        ("pass@k", 1): Fraction(1, 2),
        ("pass@k", 2): (1 + Fraction(1, 2)) / 2,  # 1 − C(1,2)/6, and 1 − C(3,2)/6
        ("pass@k", 4): 1,
        ("pass^k", 2): (Fraction(3, 6) + 0) / 2,
        ("pass^k", 4): 0,
        ("G-Pass@k(0.5)", 4): Fraction(1, 2),  # two of four right: the first problem alone
        ("maj@k", 4): Fraction(1, 2),
        ("maj@k", 1): Fraction(1, 2),
        ("CoT-pass@k", 1): (Fraction(2, 4) + Fraction(1, 4)) / 2,
        ("CoT-pass@k", 2): (1 - Fraction(1, 6) + Fraction(1, 2)) / 2,
        ("right within tokens", 2): (Fraction(2, 4) + 0) / 2,
        ("right within tokens", 4): (Fraction(3, 4) + 0) / 2,
        ("right within tokens", 8): (Fraction(3, 4) + Fraction(1, 4)) / 2,
        ("tokens per right answer", None): Fraction(30, 4),
        ("tokens of right replies", None): Fraction(2 + 8, 2),
        ("tokens of wrong replies", None): 4,
        ("chain right, given a right answer", None): (Fraction(2, 3) + 1) / 2,
        ("cut off", None): 0,
        # votes: .75 for the three right, .25 for the others of each problem but b's 6: .75
        ("AUROC, share of votes", None): (3 * (1 + 1.5) + 0.5) / 16,
        ("Brier score, share of votes", None): ((3 / 16 + 1 / 16) / 4 + (9 / 16 + 3 * 9 / 16) / 4)
        / 2,
    }
    for key, value in expected.items():
        assert found[key] == pytest.approx(float(value), abs=1e-12), key


def test_what_was_not_recorded_is_left_out():
    rows = [
        replace(one, extracted=None, chain_correct=None, confidence=float("nan"))
        for one in two_problems()
    ]
    names = {row.metric for row in metric_rows(rows)}
    assert not {name for name in names if "maj" in name or "hain" in name or "CoT" in name}
    assert not {name for name in names if "Brier" in name or "AUROC" in name}
    assert "pass@k" in names


def test_a_missing_verdict_widens_and_is_no_zero():
    rows = two_problems()
    lost = replace(rows[3], correct=N, reason=Reason.VERIFIER_ERROR, score=float("nan"))
    found = {(r.metric, r.at): r.estimate for r in metric_rows([*rows[:3], lost, *rows[4:]])}
    one = found["pass@k", 1]
    assert (one.least, one.most) == (0.5, 0.625)
    assert one.value == pytest.approx((1 + 0.25) / 2)


def test_samples_that_were_cut_off_are_counted():
    rows = two_problems()
    found = values(metric_rows([replace(rows[0], finish=Finish.LENGTH), *rows[1:]]))
    assert found["cut off", None] == 1 / 8
    assert found["pass@k", 1] == 0.5


def test_without_samples_there_are_no_rows():
    assert metric_rows([replace(one, greedy=True) for one in two_problems()]) == ()
    assert list(filter(None, curve_charts(()))) == []


def test_a_file_gives_its_numbers_without_a_model(file, capsys):
    assert main(["eval", str(file), "--k", "1,2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["model"], told["policy_digest"], told["problems"], told["samples"]) == (
        "m", "w", 2, 4
    )  # fmt: skip
    assert {k: one["value"] for k, one in told["pass_at"].items()} == {"1": 0.5, "2": 0.75}
    assert told["greedy"]["value"] == 0.5
    assert told["tokens"] == 30 + 1 + 4
    assert main(["eval", str(file)]) == 0
    out = capsys.readouterr().out
    assert "2 problems (split test), 4 samples each, of m w" in out
    assert "CoT-pass@k" in out


def test_the_report_has_every_metric(file, tmp_path, capsys):
    assert main(["eval", str(file), "--report", str(tmp_path / "made")]) == 0
    capsys.readouterr()
    with (tmp_path / "made" / "metrics.csv").open() as table:
        rows = list(csv.DictReader(table))
    found = {(row["metric"], row["at"]): row for row in rows}
    assert float(found["pass@k", "2"]["value"]) == 0.75
    assert (found["pass@k", "2"]["known"], found["pass@k", "2"]["of"]) == ("2", "2")
    assert "| pass@k | 2 | 0.750 [" in (tmp_path / "made" / "metrics.md").read_text()
    drawn = (tmp_path / "made" / "curve-1.svg").read_text()
    assert drawn.startswith("<svg")
    assert "pass@k: 0.75 at 1" in drawn
    assert not list((tmp_path / "made").glob("*.partial"))


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--tasks", "countdown"], "tasks"),
        (["--samples", "8"], "samples"),
        (["--temperature", "0.5"], "temperature"),
        (["--out", "x.jsonl"], "out"),
        (["--k", "0"], "evaluation.k"),
        (["--k", "1,64"], "evaluation.k"),
        (["--report", "taken"], "report"),
    ],
)
def test_what_a_file_of_samples_does_not_have_is_refused(
    file, tmp_path, monkeypatch, capsys, words, named
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("a file")
    assert main(["eval", str(file), *words]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"whet: {named} is ")
    assert said.count("\n") == 1


def test_half_a_character_survives_the_file_and_the_page(tmp_path, capsys):
    """A server's JSON may have one half of a surrogate pair."""
    rows = [replace(one, text="a\ud83d", model="m\udcff") for one in two_problems()]
    path = tmp_path / "half.jsonl"
    write_samples(path, rows)
    assert read_samples(path) == tuple(rows)
    assert main(["eval", str(path)]) == 0
    assert main(["eval", str(path), "--json"]) == 0


def test_a_score_whose_square_is_not_finite_is_named(tmp_path, capsys):
    path = tmp_path / "large.jsonl"
    write_samples(path, [replace(one, score=1e308) for one in two_problems()])
    assert main(["eval", str(path)]) == 2
    assert "problem 'a', sample 0: score is 1e+308" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["gone.jsonl", "GONE.JSONL"])
def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path, capsys, name):
    assert main(["eval", str(tmp_path / name)]) == 2
    assert "can't be read" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["model", "policy", "setting"])
def test_rows_of_two_evaluations_are_refused(tmp_path, capsys, name):
    """A model is known by the digest of its weights, and without one by its name."""
    rows = two_problems()
    if name == "model":
        rows = [replace(one, policy="") for one in rows]
    path = tmp_path / "mixed.jsonl"
    write_samples(path, [*rows[:4], *(replace(one, **{name: "other"}) for one in rows[4:])])
    assert main(["eval", str(path)]) == 2
    said = capsys.readouterr().err
    assert f"row 5: {name} is 'other'" in said
    assert said.count("\n") == 1


def test_greedy_replies_alone_are_refused(tmp_path, capsys):
    path = tmp_path / "greedy.jsonl"
    write_samples(path, [replace(one, greedy=True, rows=1) for one in two_problems()[:1]])
    assert main(["eval", str(path)]) == 2
    assert "greedy replies alone" in capsys.readouterr().err

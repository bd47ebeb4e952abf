"""`whet eval MODEL --tasks FILE` takes all rows of the file, unless a split is asked for."""

import json

import pytest

from whet.cli.main import main
from whet.engines.models import FromScratch


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model and benchmarks of 30 rows, in which one prompt stands twice."""
    here = tmp_path_factory.mktemp("benchmarks")
    model, tokenizer = FromScratch(shape="llama-tiny").load("cpu")
    model.save_pretrained(here / "model")
    tokenizer.save_pretrained(here / "model")
    tokenizer.chat_template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    model.save_pretrained(here / "templated")
    tokenizer.save_pretrained(here / "templated")
    rows = [{"prompt": f"{n % 29}+1=", "answer": [str(n % 29 + 1), "?"]} for n in range(30)]
    write(here / "bench.jsonl", rows)
    write(
        here / "column.jsonl", [r | {"split": ("test", "train")[n % 2]} for n, r in enumerate(rows)]
    )
    write(here / "both" / "train.jsonl", rows[:20])
    write(here / "both" / "test.jsonl", rows[20:29])
    return here


def write(path, rows):
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(map(json.dumps, rows)))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("bench.jsonl", (30, 30, "all")),
        ("bench.jsonl --problems 10", (10, 30, "all")),
        ("bench.jsonl --problems 99", (30, 30, "all")),
        ("bench.jsonl --split all", (30, 30, "all")),
        ("bench.jsonl --split train", (26, 27, "train")),  # the prompt that stands twice, once
        ("column.jsonl", (15, 15, "test")),
        ("column.jsonl --split all", (30, 30, "all")),
        ("both", (9, 9, "test")),
        ("both --problems 4", (4, 9, "test")),
        ("both --split all", (29, 29, "all")),
        ("both/test.jsonl", (9, 9, "all")),
    ],
)
def test_all_rows_are_measured_and_counted(folder, monkeypatch, capsys, words, found):
    """The numbers of problems and of rows in the split, and the split."""
    monkeypatch.chdir(folder)
    tail = ["--reward", "exact", "--samples", "1", "--k", "1", "--max-new-tokens", "1", "--json"]
    assert main(["eval", "model", "--tasks", *words.split(), *tail]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["problems"], told["of"], told["split"]) == found


@pytest.mark.parametrize(
    ("words", "steps"),
    [
        ("", 20),
        ("--max-prompt-length 10", 13),
        ("--max-prompt-length 14 --system-prompt Think.", 13),
    ],
)
def test_epochs_count_rows_that_are_short_enough(folder, monkeypatch, capsys, words, steps):
    """2 · 40 / 4 = 20 steps; 14 of 40 prompts are long, and 2 · 26 / 4 = 13."""
    monkeypatch.chdir(folder)
    prompts = [("1+" * 9 if n % 3 == 0 else "") + f"{n:02}+1=" for n in range(40)]
    write(folder / "mixed.jsonl", [{"prompt": prompt, "answer": "1"} for prompt in prompts])
    plan = "plan rlvr --model templated --data mixed.jsonl --corpus.reserved 0 --reward exact"
    tail = "--max-new-tokens 4 --epochs 2 --batch-size 4"
    assert main([*plan.split(), *tail.split(), *words.split()]) == 0
    assert f"steps: {steps}, each 4 groups" in capsys.readouterr().out


@pytest.mark.parametrize(("samples", "k"), [("1", ["1"]), ("3", ["1"]), ("5", ["1", "4"])])
def test_without_k_the_usual_ones_are_taken_that_there_are_samples_for(folder, capsys, samples, k):
    words = ["--tasks", str(folder / "bench.jsonl"), "--problems", "1", "--max-new-tokens", "2"]
    words += ["--reward", "exact"]
    assert main(["eval", str(folder / "model"), *words, "--samples", samples, "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)["pass_at"]) == k


def test_more_attempts_than_samples_are_refused_by_name(folder, capsys):
    words = ["--tasks", str(folder / "bench.jsonl"), "--samples", "4", "--k", "1,8"]
    assert main(["eval", str(folder / "model"), *words]) == 2
    assert "evaluation.k is 1, 8, but a problem has 4 samples" in capsys.readouterr().err

"""`gsm8k:test.jsonl`: one spelling of a benchmark for every command, whatever its capitals."""

from pathlib import Path

import pytest
from benchmark_files import write
from benchmark_rows import FIXTURES

from whet import data
from whet.cli import choices
from whet.data.benchmark import Benchmark
from whet.data.benchmarks.gsm8k import Gsm8K
from whet.data.benchmarks.mmlu_pro import MmluPro
from whet.data.files import File
from whet.protocols import Corpus
from whet.registry import names
from whet.types import UsageError


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("gsm8k:a.jsonl", Gsm8K),
        ("GSM8K:a.jsonl", Gsm8K),
        ("mmlu_pro:folder/*.parquet", MmluPro),
        ("MMLU-Pro:a:b.parquet", MmluPro),
    ],
)
def test_a_name_and_a_path_are_a_benchmark(text, kind):
    made = data.corpus(text)
    assert type(made) is kind and made.path == text.partition(":")[2]
    assert data.benchmark(text) == Benchmark(corpus=made)


@pytest.mark.parametrize("name", sorted(names("benchmark")))
def test_every_benchmark_is_found_by_its_name_without_signs(name):
    made = data.corpus(f"{name.replace('_', '').upper()}:x.jsonl")
    assert made.family == name and made.card


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("gsm8k:", "gsm8k:FILE"),
        ("gsm8k", "gsm8k:FILE"),
        ("gsm9k:a.jsonl", "gsm8k"),
        ("mmlu:a.parquet", "mmlu_pro"),
        ("https://example.org/a.jsonl", "downloads nothing"),
    ],
)
def test_other_texts_are_answered_with_the_right_one(text, told):
    with pytest.raises(UsageError, match=told) as error:
        data.corpus(text)
    assert "\n" not in str(error.value) and text in str(error.value)


def test_a_file_with_a_colon_in_its_name_stays_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("part:1.jsonl").write_text('{"prompt": "1?", "answer": "1"}\n')
    assert isinstance(data.corpus("part:1.jsonl"), File)


def test_paths_are_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("gsm8k").mkdir()
    Path("gym").mkdir()
    Path("rows.jsonl").write_text("")
    assert data.anchored("gsm8k:gsm8k/test.jsonl") == f"gsm8k:{tmp_path}/gsm8k/test.jsonl"
    assert data.anchored("rows.jsonl") == f"{tmp_path}/rows.jsonl"
    assert data.anchored("gsm8k") == f"{tmp_path}/gsm8k"
    assert data.anchored("gym:chain_sum") == "gym:chain_sum"
    assert data.anchored("lock") == "lock"


@pytest.mark.full
def test_a_slot_takes_the_spelling_and_the_class(tmp_path):
    path = write(tmp_path, FIXTURES["gsm8k"])
    built = choices.choose(Corpus, f"gsm8k:{path}", "corpus")
    assert built.part.size("test") == 2
    assert choices.choose(Corpus, "gsm8k", "corpus").make is Gsm8K
    assert "benchmark_file" not in choices.offered(Corpus)

"""The digest of training tasks."""

import json

import pytest

from whet.data import corpus
from whet.data.digests import digest
from whet.data.files import File
from whet.data.pool import Pool

ROWS = [{"prompt": f"{n}+1=", "answer": str(n + 1), "info": {"level": n}} for n in range(9)]


def file(path, rows):
    path.write_text("\n".join(map(json.dumps, rows)))
    return File(path=str(path), reserved=0.0)


def test_a_copy_has_the_same_digest(tmp_path):
    one = digest(file(tmp_path / "a.jsonl", ROWS))
    assert len(one) == 32 and one == digest(file(tmp_path / "b.jsonl", ROWS))


@pytest.mark.parametrize(
    "rows",
    [
        ROWS[:8],
        [*ROWS, ROWS[0]],
        [*ROWS[:8], ROWS[8] | {"answer": "7"}],
        [*ROWS[:8], ROWS[8] | {"answer": ["9", "nine"]}],
        [*ROWS[:8], ROWS[8] | {"prompt": "8 + 1 ="}],
        [*ROWS[:8], ROWS[8] | {"info": {"level": 7}}],
        [*ROWS[:8], ROWS[8] | {"tools": [{"name": "f"}]}],
    ],
)
def test_any_other_task_changes_it(rows, tmp_path):
    assert digest(file(tmp_path / "a.jsonl", ROWS)) != digest(file(tmp_path / "b.jsonl", rows))


def test_an_endless_corpus_has_none():
    assert digest(corpus("lock")) == ""
    assert digest(Pool(corpus=corpus("lock"), tasks=3)) != ""

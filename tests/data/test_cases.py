"""Labelled replies: drawn, and read."""

import json
from collections import Counter
from fractions import Fraction

import pytest

from whet.data.cases import cases
from whet.data.synthetic import KINDS, draw
from whet.types import UsageError

SAMPLES = [draw(place, 0) for place in range(2400)]


def test_the_synthetic_set_is_large_mixed_and_always_the_same():
    rows = cases("synthetic")
    assert len(rows) >= 2000
    assert rows[:50] == cases("synthetic", count=50)
    assert rows[:50] != cases("synthetic", count=50, seed=1)
    assert len({row.task.id for row in rows}) == len(rows)
    labels = Counter((row.task.info["kind"], row.correct) for row in rows)
    assert set(labels) == {(kind, label) for kind in KINDS for label in (True, False)}
    assert min(labels.values()) > 80
    forms = Counter((row.task.info["form"], row.correct) for row in rows)
    assert len(forms) == 2 * 13 and min(forms.values()) > 40


@pytest.mark.parametrize("kind", KINDS)
def test_no_answer_is_both_right_and_wrong(kind):
    mine = [s for s in SAMPLES if s.kind == kind]
    right = {(s.prompt, s.gold, s.answer.strip(". ")) for s in mine if s.correct}
    wrong = {(s.prompt, s.gold, s.answer.strip(". ")) for s in mine if not s.correct}
    assert right and wrong and not right & wrong
    assert all(s.answer in s.reply for s in mine)


def value(text):
    """The value of a plain spelling; None where it is none."""
    text = text.strip(" ${}").rstrip(".").replace(r"\,", "").removeprefix("x = ").removeprefix("x=")
    text = text.replace(",", "") if text.count(",") == 1 and len(text.split(",")[1]) == 3 else text
    scale = 1
    for sign in (r"\%", "%", " percent"):
        if text.endswith(sign):
            text, scale = text.removesuffix(sign), 100
    for command in (r"\dfrac", r"\tfrac", r"\frac"):
        if text.startswith(command):
            text = text.removeprefix(command).strip("{}").replace("}{", "/")
    try:
        return Fraction(text) / scale
    except ValueError:
        return None


@pytest.mark.parametrize("kind", ["integer", "decimal", "fraction", "percent"])
def test_labels_of_numbers_are_true(kind):
    mine = [s for s in SAMPLES if s.kind == kind]
    read = [(s, value(s.gold), value(s.answer)) for s in mine]
    known = [(s, gold, found) for s, gold, found in read if found is not None]
    assert len(known) > 0.6 * len(mine)
    for sample, gold, found in known:
        assert (gold == found) is sample.correct, sample


@pytest.fixture
def written(tmp_path):
    def write(*rows):
        path = tmp_path / "labelled.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)))
        return str(path)

    return write


ROW = {"prompt": "6*7?", "reply": "#42", "answer": "42", "info": {"level": 2}, "correct": True}


def test_a_file_is_read_row_by_row(written):
    chat = [{"role": "user", "content": "6*7?"}]
    first, second = cases(written(ROW, ROW | {"prompt": chat, "correct": False, "reply": "#41"}))
    assert (first.reply, first.correct, first.task.answer) == ("#42", True, "42")
    assert first.task.info["level"] == 2 and "correct" not in first.task.info
    assert (second.task.prompt[0]["content"], second.correct) == ("6*7?", False)
    assert first.task.id == "labelled.jsonl:1"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"reply": None}, "labelled.jsonl:1: reply is None; give the reply as text"),
        ({"correct": 1}, "labelled.jsonl:1: correct is 1; give true or false"),
        ({"answer": None}, "labelled.jsonl:1: no answer"),
    ],
)
def test_a_row_must_be_whole(written, change, told):
    with pytest.raises(UsageError, match=told):
        cases(written(ROW | change))


@pytest.mark.parametrize("text", ["syntetic", "nowhere.jsonl", "rows.csv"])
def test_other_names_are_refused(text):
    with pytest.raises(UsageError, match=f"labelled is '{text}'; give synthetic, or a file"):
        cases(text)


def test_no_rows_are_refused():
    with pytest.raises(UsageError, match="rows is 0"):
        cases("synthetic", count=0)

"""Options: the right one is at every letter equally often, and fillers don't move it."""

from dataclasses import replace

import pytest
from benchmark_files import write
from benchmark_rows import GPQA, MMLU_PRO
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from whet.data.benchmark_row import BenchmarkRow
from whet.data.benchmarks.gpqa import Gpqa
from whet.data.benchmarks.mmlu_pro import MmluPro

OPTIONS = ("Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")


def row(values):
    return BenchmarkRow(place="f:1", values=values, card="")


def question(record, **changes):
    return row({**GPQA.rows[0], "Record ID": record, **changes})


def test_the_right_option_is_at_every_letter_equally_often():
    read = Gpqa(path="").read
    found = [read(question(f"rec{n}")).answer for n in range(2000)]
    assert chisquare([found.count(letter) for letter in "ABCD"]).pvalue > 0.001


def test_the_order_depends_on_the_record_and_the_seed_alone(tmp_path):
    one, other = Gpqa(path=""), Gpqa(path="", seed=1)
    records = [f"rec{n}" for n in range(40)]
    orders = [one.read(question(record)).info["choices"] for record in records]
    assert orders == [one.read(question(record)).info["choices"] for record in records]
    assert orders != [other.read(question(record)).info["choices"] for record in records]
    path = write(tmp_path, GPQA)
    backwards = write(tmp_path, GPQA, rows=GPQA.rows[::-1], file="back.csv")
    tasks = Gpqa(path=str(path)).held_out("test", 9)
    assert tasks == Gpqa(path=str(backwards)).held_out("test", 9)


def test_the_letter_names_the_right_text_and_blanks_are_gone():
    for n in range(20):
        task = Gpqa(path="").read(question(f"rec{n}"))
        right = task.info["choices"]["ABCD".index(task.answer)]
        assert right == "stone 0"
        assert sorted(task.info["choices"]) == ["3", "a, b", "moss", "stone 0"]
        assert f"{task.answer}) stone 0\n" in task.prompt


def test_other_versions_of_a_question_are_not_read():
    task = Gpqa(path="").read(question("rec0"))
    assert "Which?" not in task.prompt and "wrong" not in task.prompt


@given(
    st.lists(st.sampled_from(["N/A", "real"]), min_size=2, max_size=10).filter(
        lambda kinds: kinds.count("real") > 1
    ),
    st.data(),
)
def test_fillers_never_change_which_text_is_right(kinds, data):
    options = [text if text == "N/A" else f"real {n}" for n, text in enumerate(kinds)]
    place = data.draw(st.sampled_from([n for n, kind in enumerate(kinds) if kind == "real"]))
    values = {**MMLU_PRO.rows[0], "options": options}
    values |= {"answer_index": place, "answer": "ABCDEFGHIJ"[place]}
    task = MmluPro(path="").read(row(values))
    assert task.info["choices"]["ABCDEFGHIJ".index(task.answer)] == options[place]
    assert "N/A" not in task.info["choices"] and "N/A" not in task.prompt


def test_files_of_the_test_split_are_read_alone(tmp_path):
    write(tmp_path, MMLU_PRO)
    few = [{**MMLU_PRO.rows[0], "question_id": 1}]
    write(tmp_path, MMLU_PRO, rows=few, file="validation-00000-of-00001.parquet")
    tasks = MmluPro(path=str(tmp_path)).held_out("test", 9)
    assert sorted(task.id for task in tasks) == sorted(MMLU_PRO.ids)


def test_a_changed_file_is_read_again(tmp_path):
    path = write(tmp_path, GPQA)
    made = Gpqa(path=str(path))
    assert made.size("test") == 2
    write(tmp_path, replace(GPQA, rows=[*GPQA.rows, {**GPQA.rows[0], "Record ID": "rec9"}]))
    assert made.size("test") == 3


@pytest.mark.parametrize("column", OPTIONS)
def test_an_option_may_be_a_number(column):
    task = Gpqa(path="").read(question("rec0", **{column: 2.5}))
    assert "2.5" in task.info["choices"]

"""What an answer becomes: a text, several of which each is right, or nothing."""

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from whet.data import corpus
from whet.data.golds import golds
from whet.types import UsageError


class Colour(Enum):
    """A dictionary's value."""

    RED = "red"


TEXTS = {
    "text": ("42", "42"),
    "spaces around": (" 42\n", "42"),
    "the text nan": ("nan", "nan"),
    "a JSON text": ('["4", "5"]', '["4", "5"]'),
    "int": (7, "7"),
    "big int": (10**30, "1" + "0" * 30),
    "zero": (0, "0"),
    "true": (True, "true"),
    "false": (False, "false"),
    "float": (0.1, "0.1"),
    "a whole float": (5.0, "5"),
    "a great float": (1e20, "100000000000000000000"),
    "a small float": (1e-7, "0.0000001"),
    "minus": (-2.5, "-2.5"),
    "decimal": (Decimal("2.50"), "2.50"),
    "decimal with exponent": (Decimal("1E+3"), "1000"),
    "fraction": (Fraction(1, 2), "1/2"),
    "date": (date(2020, 1, 2), "2020-01-02"),
    "datetime": (datetime(2020, 1, 2, 3, 4), "2020-01-02 03:04:00"),  # noqa: DTZ001
    "time": (time(3, 4), "03:04:00"),
    "bytes": ("é".encode(), "é"),
    "enum": (Colour.RED, "red"),
    "numpy int": (np.int64(3), "3"),
    "numpy float32": (np.float32(0.1), "0.1"),
    "numpy bool": (np.bool_(1), "true"),
    "numpy text": (np.str_("a"), "a"),
    "object": ({"a": [1]}, '{"a": [1]}'),
    "objects": ([{"name": "f"}, {"name": "g"}], '[{"name": "f"}, {"name": "g"}]'),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_an_answer_has_one_text(kind):
    given, text = TEXTS[kind]
    assert golds(given, "a:1") == (text,)


NONE = ["", "   ", "\n\t", "\u200b", "\ufeff \u2028", None, float("nan"), Decimal("nan"), {}, []]
NONE += [
    np.float64("nan"),
    [""],
    ["", " "],
    [None],
    [float("nan"), None],
    "so ####",
    "####",
    " #### ",
]
NONE += ["a\n####\n", b"", b"  ", np.array([])]


@pytest.mark.parametrize("given", NONE, ids=repr)
def test_nothing_is_no_answer(given):
    assert golds(given, "a:1") == ()


SEVERAL = {
    "texts": (["4", "5"], ("4", "5")),
    "numbers": ([4, 5.0, 0.5], ("4", "5", "0.5")),
    "mixed": (["four", 4], ("four", "4")),
    "one": (["4"], ("4",)),
    "one twice": (["4", "4 ", 4], ("4",)),
    "a tuple": (("4", "5"), ("4", "5")),
    "an array": (np.array([4, 5]), ("4", "5")),
    "an array of texts": (np.array(["4", "5"], dtype=object), ("4", "5")),
    "bytes": ([b"4", "5"], ("4", "5")),
    "of GSM8K": (["a\n#### 4", "b\n#### 5"], ("4", "5")),
}


@pytest.mark.parametrize("kind", SEVERAL)
def test_a_list_has_several(kind):
    given, texts = SEVERAL[kind]
    assert golds(given, "a:1") == texts


REFUSED = {
    "a list inside": ([["4"], ["5"]], "lists or objects"),
    "an object inside": (["4", {"a": 1}], "lists or objects"),
    "a blank inside": (["4", ""], "blank entry"),
    "null inside": ([None, "4"], "blank entry"),
    "bytes": (b"\xff\x00", "no UTF-8"),
    "infinite": (float("inf"), "infinite"),
    "minus infinite": (Decimal("-inf"), "infinite"),
    "infinite inside": ([1.0, float("inf")], "infinite"),
    "a duration": (timedelta(days=1), "timedelta"),
    "a set": ({"4"}, "set"),
    "a complex number": (1j, "complex"),
    "an object of NaN": ({"a": float("nan")}, "no form as text"),
    "a date in an object": ({"a": date(2020, 1, 1)}, "no form as text"),
    "too many digits": (10**5000, "no form as text"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_has_no_text_is_refused_by_place(kind):
    given, told = REFUSED[kind]
    with pytest.raises(UsageError, match=rf"^a:1: answer .*{told}") as caught:
        golds(given, "a:1")
    assert "\n" not in str(caught.value)


LAST_LINES = {
    "7 + 35 = <<42>>42\n#### 42": "42",
    "so\n#### 1,250": "1,250",
    "so\r\n#### -3": "-3",
    "so\n####42": "42",
    "so\n#### 42\n\n": "42",
    "so\n#### A": "A",
    "so\n#### 18 dollars": "18 dollars",
    "#### 42": "42",
    # left alone
    "Use #### to make a heading": "Use #### to make a heading",
    "Write\n#### to make a heading": "Write\n#### to make a heading",
    "#### One\ntext": "#### One\ntext",
    "#### 1\ntext\n#### 2": "#### 1\ntext\n#### 2",
    "x = 1  #### 2\ny": "x = 1  #### 2\ny",
    "so #### 42": "so #### 42",
    "##### 5": "##### 5",
    "print('#### 3')": "print('#### 3')",
    "a\u2028#### 5": "a\u2028#### 5",
}


@pytest.mark.parametrize("given", LAST_LINES, ids=repr)
def test_only_a_last_line_of_gsm8k_is_an_answer_of_its_own(given):
    assert golds(given, "a:1") == (LAST_LINES[given],)


SOLUTIONS = {
    r"We have $x=1$, so \boxed{\frac{1}{2}}.": r"\frac{1}{2}",
    r"Either $\boxed{7}$, or again \boxed{7}.": "7",
    r"$\boxed{\left\{1,2\right\}}$": r"\left\{1,2\right\}",
    # left alone
    r"\boxed{1} and \boxed{2}": r"\boxed{1} and \boxed{2}",
    r"\boxed{ }": r"\boxed{ }",
    r"\boxed{1": r"\boxed{1",
}


@pytest.mark.parametrize("given", SOLUTIONS)
def test_the_one_box_of_a_worked_solution_is_the_answer(given):
    assert golds(given, "a:1") == (SOLUTIONS[given],)


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ({"target": ["Paris", "paris"]}, ("Paris", "paris")),
        ({"target": "Paris"}, ("Paris",)),
        ({"target": np.array(["4", "5"])}, ("4", "5")),
        ({"target": []}, ()),
        ({"target": 24, "numbers": [4, 6]}, ('{"target": 24, "numbers": [4, 6]}',)),
    ],
)
def test_the_targets_of_a_question_are_its_answers(given, texts):
    assert golds(given, "a:1") == texts


@pytest.mark.parametrize("row", [{"answer": None, "solution": "s"}, {"answer": "", "label": "s"}])
def test_a_row_with_a_blank_answer_does_not_take_another_column(row, tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps({"prompt": "a"} | row))
    with pytest.raises(UsageError, match=r"a\.jsonl:1: no answer"):
        corpus(str(tmp_path / "a.jsonl")).task("train", 0)
    (tmp_path / "a.jsonl").write_text(json.dumps({"prompt": "a", "solution": "s"}))
    assert corpus(str(tmp_path / "a.jsonl")).held_out("all", 1)[0].answer == "s"


@pytest.mark.parametrize(
    ("answer", "told"), [(0, True), (3, True), (4, False), (-1, False), ("2", False), (2.5, False)]
)
def test_a_number_beside_choices_must_say_what_it_counts(answer, told, tmp_path):
    """MMLU gives positions from 0, and its choices may be numbers themselves."""
    row = {"prompt": "1+1?", "choices": ["0", "1", "2", "3"], "answer": answer}
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    made = corpus(str(tmp_path / "a.jsonl"))
    if told:
        with pytest.raises(UsageError, match=r"a\.jsonl:1: answer is .* beside 4 choices"):
            made.held_out("all", 1)
    else:
        assert made.held_out("all", 1)[0].answer == str(answer)


def test_columns_of_tables_become_golds(tmp_path):
    columns = {
        "list": pa.array([["4", "5"], ["6"]]),
        "coded": pa.array(["4", "6"]).dictionary_encode(),
        "decimal": pa.array([Decimal("4.50"), Decimal("6.00")]),
        "day": pa.array([date(2020, 1, 2), date(2021, 1, 2)]),
        "bytes": pa.array([b"4", b"6"]),
        "moment": pa.array([datetime(2020, 1, 2), datetime(2021, 1, 2)], pa.timestamp("ns")),  # noqa: DTZ001
    }
    wanted = {
        "list": {("4", "5"), ("6",)},
        "coded": {("4",), ("6",)},
        "decimal": {("4.50",), ("6.00",)},
        "day": {("2020-01-02",), ("2021-01-02",)},
        "bytes": {("4",), ("6",)},
        "moment": {("2020-01-02 00:00:00",), ("2021-01-02 00:00:00",)},
    }
    for name, answers in columns.items():
        path = tmp_path / f"{name}.parquet"
        parquet.write_table(pa.table({"prompt": ["a", "b"], "answer": answers}), path)
        tasks = corpus(str(path)).held_out("all", 9)
        assert {(t.answer, *t.alternatives) for t in tasks} == wanted[name], name


def test_a_row_without_an_answer_names_its_line(tmp_path):
    path = tmp_path / "a.jsonl"
    for blank in ("   ", "so ####", [], ["", " "], None):
        rows = [{"prompt": "a", "answer": "1"}, {"prompt": "b", "answer": blank}]
        path.write_text("\n".join(map(json.dumps, rows)))
        with pytest.raises(UsageError, match=r"a\.jsonl:2: no answer"):
            corpus(str(path)).task("train", 0)

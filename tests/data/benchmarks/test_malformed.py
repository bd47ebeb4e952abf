"""One line for all that can be wrong with a file: its name, the row, the column, a remedy."""

import json
from base64 import b64encode
from dataclasses import dataclass, replace

import pytest
from benchmark_files import packed, spelled, write
from benchmark_rows import FIXTURES

from whet.data import corpus
from whet.types import UsageError

GONE = object()
NAN = float("nan")
STDIN = [{"input": "1", "output": "1", "testtype": "stdin"}]
CALL = {"map.area": {"width": [1]}}


@dataclass(frozen=True)
class Wrong:
    """A change of one column in the last row of a fixture; the message names the column."""

    name: str
    column: str
    value: object
    says: str = ""  # what the message names besides

    def __str__(self):
        return f"{self.name} {self.column} {'gone' if self.value is GONE else repr(self.value)}"


ROWS = [
    Wrong("aime", "question", GONE),
    Wrong("aime", "answer", 1000),
    Wrong("aime", "answer", "-3"),
    Wrong("aime", "answer", 7.5),
    Wrong("aime", "answer", NAN),
    Wrong("aime", "answer", "(A)"),
    Wrong("aime", "answer", value=True),
    Wrong("aime", "question", ["What?"]),
    Wrong("aime", "question", "\ud800 half"),
    Wrong("amc", "answer", None),
    Wrong("amc", "answer", float("inf")),
    Wrong("amc", "problem", " \n"),
    Wrong("math_500", "answer", ""),
    Wrong("math_500", "answer", 10),
    Wrong("math_500", "level", 6),
    Wrong("math_500", "problem", GONE),
    Wrong("gsm8k", "answer", "He owes five."),
    Wrong("gsm8k", "answer", "#### "),
    Wrong("gsm8k", "answer", "#### five"),
    Wrong("gsm8k", "answer", "#### 4\n#### 5"),
    Wrong("gsm8k", "question", GONE),
    Wrong("olympiad_bench", "final_answer", []),
    Wrong("olympiad_bench", "final_answer", None),
    Wrong("olympiad_bench", "final_answer", ["1", "2"]),
    Wrong("olympiad_bench", "error", "0.1,0.1,0.1"),
    Wrong("olympiad_bench", "error", "-1"),
    Wrong("olympiad_bench", "error", "little"),
    Wrong("olympiad_bench", "is_multiple_answer", "yes"),
    Wrong("olympiad_bench", "question", "What is in <img_12>?"),
    Wrong("olympiad_bench", "question", "求 x"),
    Wrong("olympiad_bench", "language", "Chinese"),
    Wrong("gpqa", "Incorrect Answer 3", ""),
    Wrong("gpqa", "Question", ""),
    Wrong("mmlu_pro", "answer_index", 10),
    Wrong("mmlu_pro", "answer_index", -1),
    Wrong("mmlu_pro", "answer_index", 3),
    Wrong("mmlu_pro", "answer", "K"),
    Wrong("mmlu_pro", "options", ["one", "N/A"]),
    Wrong("mmlu_pro", "options", list("abcdefghijk")),
    Wrong("human_eval", "test", "assert decoded('a')"),
    Wrong("human_eval", "entry_point", "coder"),
    Wrong("human_eval", "canonical_solution", ""),
    Wrong("human_eval", "prompt", GONE),
    Wrong("mbpp", "test_list", []),
    Wrong("mbpp", "test_list", "assert root(4) == 2"),
    Wrong("mbpp", "test_list", ["assert root(4) == 2", " "]),
    Wrong("mbpp", "task_id", "twelve"),
    Wrong("mbpp", "task_id", NAN),
    Wrong("mbpp", "code", None),
    Wrong("mbpp, sanitized", "prompt", GONE),
    Wrong("live_code_bench", "private_test_cases", "%%%", "base64"),
    Wrong("live_code_bench", "private_test_cases", b64encode(b"no zlib").decode()),
    Wrong("live_code_bench", "private_test_cases", packed(STDIN)[:-24]),
    Wrong("live_code_bench", "private_test_cases", packed([]), "at least one"),
    Wrong("live_code_bench", "private_test_cases", packed(STDIN), "func_name"),
    Wrong("live_code_bench", "private_test_cases", packed([{"input": 1}])),
    Wrong("live_code_bench", "public_test_cases", '[{"input": "1"'),
    Wrong("live_code_bench", "metadata", '{"func_name": "not a name"}'),
    Wrong("live_code_bench", "metadata", "[]"),
    Wrong("live_code_bench", "contest_date", "yesterday"),
    Wrong("ifeval", "instruction_id_list", ["length_constraints:number_pages"], "number_pages"),
    Wrong("ifeval", "instruction_id_list", []),
    Wrong("ifeval", "kwargs", [{}, {}]),
    Wrong("ifeval", "kwargs", [{"num_words": "many", "relation": "at least"}]),
    Wrong("ifeval", "kwargs", [{"num_words": 4, "relation": "about"}]),
    Wrong("ifeval", "kwargs", [{"num_wordz": 4}], "num_wordz"),
    Wrong("ifeval", "kwargs", ["num_words"]),
    Wrong("bfcl", "id", "parallel_9", "possible_answer"),
    Wrong("bfcl", "id", "multi_turn_base_0"),
    Wrong("bfcl", "id", "simple_java_0"),
    Wrong("bfcl", "question", []),
    Wrong("bfcl", "question", [[], []]),
    Wrong("bfcl", "question", [[{"role": "user"}]]),
    Wrong("bfcl", "question", [[{"role": "system", "content": "Help."}]]),
    Wrong("bfcl", "function", [{"name": "map.area"}]),
    Wrong("bfcl", "function", [], "map.area"),
    Wrong(
        "bfcl",
        "function",
        [{"name": "map.area", "parameters": {"properties": {"width": {"type": "HashMap"}}}}],
        "HashMap",
    ),
]
ANSWERS = [
    [CALL],
    [{"map.area": {"width": 1}}],
    [{"map.area": [1]}],
    [{"map.area": {}, "map.size": {}}],
    [],
    "map.area(1)",
]


def refused(name, path):
    """The message of a file that is refused."""
    with pytest.raises(UsageError) as error:
        corpus(spelled(name, path)).held_out("test", 1)
    message = str(error.value)
    assert "\n" not in message and ";" in message and len(message) < 500
    return message


@pytest.mark.parametrize("wrong", ROWS, ids=str)
def test_a_wrong_column_is_named_with_its_row(tmp_path, wrong):
    fixture = FIXTURES[wrong.name]
    last = {k: v for k, v in fixture.rows[-1].items() if k != wrong.column}
    last |= {} if wrong.value is GONE else {wrong.column: wrong.value}
    file = fixture.file if fixture.file.endswith((".csv", ".gz", ".json")) else "rows.jsonl"
    path = write(tmp_path, fixture, rows=[*fixture.rows[:-1], last], file=file)
    message = refused(wrong.name, path)
    number = 5 if file.endswith(".csv") else len(fixture.rows)  # lines in quotes
    assert message.startswith(f"{file}:{number}: ") or f"{file}, line {number}: " in message
    assert wrong.column in message and wrong.says in message


@pytest.mark.parametrize("name", ["amc", "gpqa", "mmlu_pro", "human_eval", "mbpp", "bfcl"])
def test_an_id_that_stands_twice_is_refused(tmp_path, name):
    fixture = FIXTURES[name]
    path = write(tmp_path, fixture, rows=[*fixture.rows, fixture.rows[0]])
    message = refused(name, path)
    assert fixture.ids[0] in message and f"{path.name}:" in message


@pytest.mark.parametrize("name", ["aime", "gsm8k", "live_code_bench", "ifeval"])
def test_a_line_that_is_cut_is_refused(tmp_path, name):
    path = write(tmp_path, FIXTURES[name], file="rows.jsonl")
    path.write_text(path.read_text()[:-30])
    assert f"rows.jsonl, line {len(FIXTURES[name].rows)}: " in refused(name, path)


@pytest.mark.parametrize("truth", [*ANSWERS[1:]], ids=json.dumps)
def test_possible_answers_of_another_form_are_refused(tmp_path, truth):
    fixture = FIXTURES["bfcl"]
    answers = [fixture.answers[0], {"id": "parallel_1", "ground_truth": truth}]
    path = write(tmp_path, replace(fixture, answers=answers))
    message = refused("bfcl", path)
    assert message.startswith(f"{path.name}:2: ground_truth is")


def test_files_that_are_none_are_refused(tmp_path):
    fixture = FIXTURES["bfcl"]
    path = write(tmp_path, fixture)
    assert "a folder" in refused("bfcl", tmp_path)
    twice = replace(fixture, answers=[*fixture.answers, fixture.answers[0]])
    write(tmp_path, twice)
    assert f"{path.name}:3: id" in refused("bfcl", path)
    (tmp_path / "possible_answer" / path.name).unlink()
    assert "bfcl.answers" in refused("bfcl", path)
    assert "nowhere.jsonl" in refused("gsm8k", tmp_path / "nowhere.jsonl")
    (tmp_path / "empty.jsonl").write_text("")
    assert "empty.jsonl" in refused("gsm8k", tmp_path / "empty.jsonl")
    (tmp_path / "hollow").mkdir()
    assert "hollow" in refused("math_500", tmp_path / "hollow")


def test_a_table_without_a_header_is_refused(tmp_path):
    path = write(tmp_path, FIXTURES["gpqa"])
    path.write_text(path.read_text().partition("\n")[2])
    assert "gpqa_diamond.csv" in refused("gpqa", path)


def test_rows_of_other_splits_alone_are_refused(tmp_path):
    rows = [{**FIXTURES["mbpp"].rows[0], "task_id": 601}]
    message = refused("mbpp", write(tmp_path, FIXTURES["mbpp"], rows=rows))
    assert "mbpp.jsonl" in message and "task_id" in message

"""BFCL: two files, tools for a model, and categories without answers."""

from dataclasses import replace

from benchmark_files import write
from benchmark_programs import BFCL

from whet.data.benchmarks.bfcl import Bfcl

MOVED = "elsewhere.json"


def test_a_function_is_a_tool_with_the_types_of_json_schema(tmp_path):
    tasks = Bfcl(path=str(write(tmp_path, BFCL))).held_out("test", 9)
    tool = tasks[0].tools[0]
    schema = tool["function"]["parameters"]
    assert tool["type"] == "function" and tool["function"]["name"] == "map.area"
    assert schema["type"] == "object" and schema["required"] == ["width"]
    assert schema["properties"]["width"] == {"type": "number", "description": "in metres"}
    assert schema["properties"]["corners"] == {"type": "array", "items": {"type": "integer"}}


def test_an_argument_may_be_called_type(tmp_path):
    properties = {"type": {"type": "float"}, "width": {"type": "dict", "properties": {}}}
    function = {"name": "f", "parameters": {"type": "dict", "properties": properties}}
    row = {**BFCL.rows[0], "function": [function]}
    fixture = replace(BFCL, answers=[{"id": "parallel_0", "ground_truth": [{"f": {}}]}])
    [task] = Bfcl(path=str(write(tmp_path, fixture, rows=[row]))).held_out("test", 9)
    assert task.tools[0]["function"]["parameters"] == {
        "type": "object",
        "properties": {
            "type": {"type": "number"},
            "width": {"type": "object", "properties": {}},
        },
    }


def test_the_messages_of_the_turn_are_the_prompt(tmp_path):
    system = {"role": "system", "content": "Help."}
    row = {**BFCL.rows[0], "question": [[system, {"role": "user", "content": ""}]]}
    [task] = Bfcl(path=str(write(tmp_path, BFCL, rows=[row]))).held_out("test", 9)
    assert task.prompt == (system, {"role": "user", "content": ""})


def test_irrelevant_questions_need_no_answers(tmp_path):
    rows = [{**BFCL.rows[0], "id": "live_irrelevance_0-0-0", "function": []}]
    fixture = replace(BFCL, answers=[])
    [task] = Bfcl(path=str(write(tmp_path, fixture, rows=rows))).held_out("test", 9)
    assert task.info["acceptable_calls"] == [] and task.tools == ()


def test_answers_may_be_elsewhere_and_are_read_again(tmp_path):
    path = write(tmp_path, BFCL)
    held = tmp_path / "possible_answer" / path.name
    held.rename(tmp_path / MOVED)
    made = Bfcl(path=str(path), answers=str(tmp_path / MOVED))
    before = made.held_out("test", 9)
    text = (tmp_path / MOVED).read_text().replace("4.51", "4.52")
    (tmp_path / MOVED).write_text(text)
    assert made.held_out("test", 9) != before


def test_one_answer_alone_is_a_line_too(tmp_path):
    fixture = replace(BFCL, answers=BFCL.answers[:1])
    [task] = Bfcl(path=str(write(tmp_path, fixture, rows=BFCL.rows[:1]))).held_out("test", 9)
    assert [one["name"] for one in task.info["acceptable_calls"]] == ["map.area"] * 2

"""The formats that calls of tools are written in."""

import json

import pytest

from whet.calls.formats import ToolCall, due, written

LOOK = {"name": "look", "arguments": {"at": "here"}}


def block(text):
    return f"<tool_call>{text}</tool_call>"


@pytest.mark.parametrize(
    "value",
    [
        LOOK,
        {"name": " look ", "parameters": {"at": "here"}},
        {"name": "look", "arguments": '{"at": "here"}'},
        {"id": "1", "type": "function", "function": {**LOOK, "arguments": '{"at": "here"}'}},
    ],
)
def test_one_call_in_every_spelling(value):
    assert ToolCall.of(value) == ToolCall(name="look", arguments={"at": "here"})


@pytest.mark.parametrize("value", [None, 3, [], {}, {"name": 3}, {"name": "f", "arguments": [1]}])
def test_what_is_no_call(value):
    with pytest.raises(ValueError):
        ToolCall.of(value)


def test_an_object_a_list_lines_and_several_blocks_hold_the_same_calls():
    look, wait = json.dumps(LOOK), json.dumps({"name": "wait"})
    calls = [ToolCall.of(LOOK), ToolCall(name="wait", arguments={})]
    assert written(f"First {block(look)} then {block(wait)}.") == calls
    assert written(block(f"[{look}, {wait}]")) == calls
    assert written(block(f"\n{look}\n\n{wait}\n")) == calls
    assert written(block(json.dumps(LOOK, indent=1))) == calls[:1]
    assert written("I call nothing.") == []


@pytest.mark.parametrize(
    "text", ["<tool_call>{}", "{}</tool_call>", block("<tool_call>{}"), block(""), block("look")]
)
def test_blocks_that_cannot_be_read(text):
    with pytest.raises(ValueError):
        written(text)


def test_a_task_names_its_calls_as_values_or_as_json():
    assert due(LOOK) == due([LOOK]) == due(json.dumps([LOOK])) == [ToolCall.of(LOOK)]

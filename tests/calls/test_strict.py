"""Calls read strictly, as the reward of tool calls does."""

import json

import pytest

from whet.calls.call_objects import call_of
from whet.calls.strict import due, written
from whet.types import ToolCall

LOOK = {"name": "look", "arguments": {"at": "here"}}


def block(text):
    return f"<tool_call>{text}</tool_call>"


@pytest.mark.parametrize(
    "value",
    [
        LOOK,
        {"name": " look ", "parameters": {"at": "here"}},
        {"name": "look", "arguments": '{"at": "here"}'},
        {"type": "function", "function": {**LOOK, "arguments": '{"at": "here"}'}},
    ],
)
def test_one_call_in_every_spelling(value):
    assert call_of(value) == ToolCall(name="look", arguments={"at": "here"})


def test_the_id_of_a_call_is_kept():
    assert call_of({**LOOK, "id": "abc"}).id == "abc"
    assert call_of({"id": "1", "function": LOOK}).id == "1"
    assert call_of({**LOOK, "id": 7}).id == ""


@pytest.mark.parametrize("value", [None, 3, [], {}, {"name": 3}, {"name": "f", "arguments": [1]}])
def test_what_is_no_call(value):
    with pytest.raises(ValueError):
        call_of(value)


def test_an_object_a_list_lines_and_several_blocks_hold_the_same_calls():
    look, wait = json.dumps(LOOK), json.dumps({"name": "wait"})
    calls = [call_of(LOOK), ToolCall(name="wait", arguments={})]
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
    assert due(LOOK) == due([LOOK]) == due(json.dumps([LOOK])) == [call_of(LOOK)]

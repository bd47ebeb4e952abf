"""What a prompt becomes: text, or messages with all that belongs to them."""

import json

import pyarrow as pa
import pytest
from pyarrow import parquet

from whet.data import corpus
from whet.data.prompts import prompt_of, prompt_text, tools_of
from whet.types import UsageError

ASK = {"role": "user", "content": "6 × 7?"}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x": null}'}}
SCHEMA = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def parts(*texts):
    return [{"type": "text", "text": text} for text in texts]


CHATS = {
    "one message": (ASK, (ASK,)),
    "parts": ([{"role": "user", "content": parts("6 × ", "7?")}], (ASK,)),
    "parts as texts": ([{"role": "user", "content": ["6 × 7?"]}], (ASK,)),
    "an empty system message": ([{"role": "system", "content": ""}, ASK], None),
    "calls": (
        [
            ASK,
            {"role": "assistant", "content": "", "tool_calls": [CALL]},
            {"role": "tool", "content": "", "tool_call_id": "c1", "name": "f"},
        ],
        None,
    ),
    "thoughts": ([ASK, {"role": "assistant", "content": "42", "reasoning_content": "6 ×"}], None),
    "nothing but calls": (
        [ASK, {"role": "assistant", "content": None, "tool_calls": [CALL]}],
        (ASK, {"role": "assistant", "content": "", "tool_calls": [CALL]}),
    ),
    "nulls of a table": (
        [ASK | {"name": None, "tool_calls": None}, {"role": "assistant", "content": "a"}],
        (ASK, {"role": "assistant", "content": "a"}),
    ),
}


@pytest.mark.parametrize("kind", CHATS)
def test_messages_are_kept_whole(kind):
    given, wanted = CHATS[kind]
    assert prompt_of(given, "a:1") == (tuple(given) if wanted is None else wanted)
    if isinstance(given, list):
        assert prompt_of(json.dumps(given), "a:1") == prompt_of(given, "a:1")


REFUSED = {
    "a number": (7, "neither text nor messages"),
    "bytes": (b"a", "neither text nor messages"),
    "texts": (["a", "b"], "neither text nor messages"),
    "ShareGPT": ([{"from": "human", "value": "a"}], "neither text nor messages"),
    "no content": ([{"role": "user"}], "neither text nor messages"),
    "a content of numbers": ([{"role": "user", "content": 7}], "neither text nor messages"),
    "an unknown role": ([{"role": "human", "content": "a"}], "role 'human'; choose from"),
    "an empty message": ([{"role": "user", "content": " \u200b"}], "user without content"),
    "an empty turn": ([ASK, {"role": "assistant", "content": ""}], "assistant without content"),
    "a picture": ([{"role": "user", "content": [{"type": "image_url"}]}], "'image_url'; images"),
    "a sound": ([{"role": "user", "content": [{"type": "input_audio"}]}], "'input_audio'"),
    "a system message alone": ([{"role": "system", "content": "Think."}], "system message alone"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_other_prompts_are_refused_by_place(kind):
    given, told = REFUSED[kind]
    with pytest.raises(UsageError, match=rf"^a:1: .*{told}"):
        prompt_of(given, "a:1")


@pytest.mark.parametrize("held", [["x.png"], {"bytes": "…"}])
@pytest.mark.parametrize("name", ["images", "image", "videos"])
def test_a_column_of_pictures_is_refused(name, held, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"prompt": "<image> what?", "answer": "1", name: held}))
    with pytest.raises(UsageError, match=f"a.jsonl:1: {name} holds .*not supported yet"):
        corpus(str(path)).task("train", 0)


@pytest.mark.parametrize("blank", ["", "  \n", "\u200b", None, []])
def test_a_blank_prompt_is_none(blank, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"prompt": blank, "answer": "1"}))
    with pytest.raises(UsageError, match=r"a.jsonl:1: no prompt"):
        corpus(str(path)).task("train", 0)


@pytest.mark.parametrize("held", [[SCHEMA], json.dumps([SCHEMA]), [json.dumps(SCHEMA)]])
def test_tools_are_schemas(held):
    assert tools_of({"tools": held}, "a:1") == (SCHEMA,)


def test_no_tools():
    assert all(tools_of({"tools": held}, "a:1") == () for held in (None, [], "", "[]"))
    assert tools_of({}, "a:1") == ()


@pytest.mark.parametrize("held", [["python"], "hammer", 7, '[{"name": }]', [[SCHEMA]]])
def test_other_tools_are_refused(held):
    with pytest.raises(UsageError, match="^a:1: tools is"):
        tools_of({"tools": held}, "a:1")


def test_a_row_of_a_table_offers_its_tools(tmp_path):
    other = {"type": "function", "function": {"name": "g", "description": "x"}}
    rows = [{"prompt": [ASK], "answer": "42", "tools": [SCHEMA, other]}]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    [task] = corpus(str(tmp_path / "a.parquet")).held_out("all", 1)
    assert task.tools == (SCHEMA, other)


def test_a_null_of_json_is_kept_and_one_of_a_table_is_not(tmp_path):
    """In a table it stands for every field that only other rows have."""
    given = {"name": "f", "default": None}
    call = {"id": "c1", "function": {"name": "f", "arguments": {"x": None, "y": 1}}}
    asked = [ASK, {"role": "assistant", "content": "", "tool_calls": [call]}]
    held = {"prompt": asked, "answer": "1", "tools": [given], "info": {"k": None, "n": 1}}
    (tmp_path / "a.jsonl").write_text(json.dumps(held))
    [task] = corpus(str(tmp_path / "a.jsonl")).held_out("all", 1)
    assert task.tools == (given,) and task.info["k"] is None
    assert task.prompt[1]["tool_calls"] == [call]
    other = {"prompt": [ASK], "answer": "1", "tools": [{"name": "g", "default": "x"}]}
    parquet.write_table(pa.Table.from_pylist([held, other]), tmp_path / "a.parquet")
    tasks = {task.id: task for task in corpus(str(tmp_path / "a.parquet")).held_out("all", 2)}
    task = tasks["a.parquet:1"]
    assert task.tools == ({"name": "f"},) and task.info["n"] == 1 and "k" not in task.info
    assert task.prompt[1]["tool_calls"] == [
        {"id": "c1", "function": {"name": "f", "arguments": {"y": 1}}}
    ]


def test_prompts_that_differ_in_calls_differ():
    one = prompt_of([ASK, {"role": "assistant", "content": "", "tool_calls": [CALL]}, ASK], "a:1")
    two = prompt_of([ASK, {"role": "assistant", "content": "a"}, ASK], "a:1")
    assert prompt_text(one) != prompt_text(two)
    assert prompt_text(" a\n b ") == "a b"


def test_prompts_that_differ_in_spaces_or_forms_of_accents_are_equal():
    for one, two in (("caf\u00e9?", "cafe\u0301?"), ("a b", "a\n\n b "), ("a b", "a\u00a0b")):
        assert prompt_text(one) == prompt_text(two)
        chats = [({"role": "user", "content": text},) for text in (one, two)]
        assert prompt_text(chats[0]) == prompt_text(chats[1])
    assert prompt_text("a b") != prompt_text("ab")


@pytest.mark.parametrize("prompt", ["a \ud800", [{"role": "user", "content": "a \ud800"}]])
def test_half_a_character_is_refused(prompt, tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps({"prompt": prompt, "answer": "1"}))
    with pytest.raises(UsageError, match=r"a\.jsonl:1: .*half of a character"):
        corpus(str(tmp_path / "a.jsonl")).task("train", 0)

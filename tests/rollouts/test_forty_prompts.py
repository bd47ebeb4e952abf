"""Forty prompts, three tokenizers: the ids are those of a table, or the prompt is refused."""

import json
import re

import pytest
from forty_prompts import PROMPTS, TABLE, outcome
from template_forms import FORMS, KINDS, SPECIAL, tokenizer
from transformers.utils.chat_template_utils import render_jinja_template

REFUSED = {  # and what the message has to name
    "plain, empty, no BOS": "no tokens",
    "plain, half a character": "half of a character",
    "plain with tools": "1 tools",
    "chat, no messages": "messages",
    "chat, no role": "message 1 has role None",
    "chat, roles in a wrong order": "roles must alternate",
    "chat, system not taken": "System role not supported",
    "chat, an image": "message 1: .*images are not supported",
    "prefill, trimmed": "<think>",
}
OURS = {"tools in the system message"}  # which the template itself would drop
QUOTING: dict[str, int] = {
    "chat, marks in content": 2,
    "chat, marks of its BOS": 1,
    "result with a mark": 1,
}


@pytest.fixture(scope="module")
def table():
    return json.loads(TABLE.read_text(encoding="utf-8"))


def test_there_are_forty():
    assert len(PROMPTS) == 40


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PROMPTS)
def test_the_ids_are_those_of_the_table(table, kind, name):
    found = outcome(kind, name)
    assert found == table[name][kind]
    assert ("refused" in found) == (name in REFUSED)
    if name in REFUSED:
        assert re.search(REFUSED[name], found["refused"])
        assert "\n" not in found["refused"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [n for n in PROMPTS if n not in {*REFUSED, *QUOTING, *OURS}])
def test_the_ids_are_those_of_the_library(kind, name):
    form, prompt, tools = PROMPTS[name]
    held = tokenizer(kind, form)
    text, first = prompt, []
    if isinstance(prompt, str):
        bos = FORMS[form].bos
        first = [SPECIAL.index(bos)] if bos and not prompt.startswith(bos) else []
    else:
        goes_on = prompt[-1]["role"] == "assistant"
        [text], _ = render_jinja_template(
            conversations=[[_plain(message) for message in prompt]],
            tools=list(tools) or None,
            chat_template=FORMS[form].dated,
            continue_final_message=goes_on,
            add_generation_prompt=not goes_on,
            **held.special_tokens_map,
        )
    inner = held.backend_tokenizer
    inner.encode_special_tokens = False
    ids = first + inner.encode(text, add_special_tokens=False).ids
    shown = outcome(kind, name)
    names = held.convert_ids_to_tokens(ids)
    if "ids" in shown:
        assert shown["ids"] == " ".join(names)
    else:
        assert shown["number"] == len(ids)
        assert (shown["first"], shown["last"]) == (names[:8], names[-8:])


def _plain(message):
    content = message["content"]
    if isinstance(content, list):
        content = "".join(part if isinstance(part, str) else part["text"] for part in content)
    return {k: v for k, v in (message | {"content": content}).items() if v is not None}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", QUOTING)
def test_quoted_marks_are_longer_than_marks(kind, name):
    """A mark in a content takes a token for each of its letters or parts, not one."""
    form, prompt, _ = PROMPTS[name]
    shown = outcome(kind, name)
    bare = [m | {"content": ""} if m["content"] and "<|" in m["content"] else m for m in prompt]
    PROMPTS["bare"] = (form, tuple(bare), ())
    try:
        without = outcome(kind, "bare")
    finally:
        del PROMPTS["bare"]
    least = length(without) + 6 * QUOTING[name]
    assert length(shown) >= least


def length(found) -> int:
    return found["number"] if "number" in found else len(found["ids"].split())

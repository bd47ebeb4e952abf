"""Chats through published template forms and tokenizers of three kinds."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from template_forms import DATE, FORMS, KINDS, SPECIAL, tokenizer
from transformers import GenerationConfig
from transformers.utils.chat_template_utils import render_jinja_template

from whet.engines.ends import end_tokens
from whet.rollouts.renderer import TextRenderer
from whet.types import Task

CONTROLS = set(range(1, len(SPECIAL)))  # all but <unk>
EVERYWHERE = pytest.mark.parametrize(("kind", "name"), [(k, n) for k in KINDS for n in FORMS])

NO_BOS = ("phi3_5", "zephyr")  # their templates print none

words = st.text(alphabet="abc xyz019.é\n", min_size=1, max_size=12).filter(str.strip)
quoting = st.lists(st.one_of(words, st.sampled_from(SPECIAL)), min_size=1, max_size=4).map(
    lambda parts: "q" + "".join(parts)
)


def renderer(kind, name):
    held = tokenizer(kind, name)
    return TextRenderer(held, end_tokens(held, GenerationConfig()), DATE)


def rendered(kind, name, chat, tools=None, **how):
    """The template's own text, without any of our code."""
    held = tokenizer(kind, name)
    [text], _ = render_jinja_template(
        conversations=[chat],
        tools=tools,
        chat_template=FORMS[name].dated,
        **(
            {k: v for k, v in how.items() if k != "whole"}
            if how
            else {"add_generation_prompt": True}
        ),
        **held.special_tokens_map,
    )
    return text


def own(kind, name, text):
    """Ids of a text from the Rust tokenizer itself."""
    inner = tokenizer(kind, name).backend_tokenizer
    inner.encode_special_tokens = False
    return tuple(inner.encode(text, add_special_tokens=False).ids)


def chat_of(name, contents):
    """A chat of a form: a system message where it takes one, then question and answer in turn."""
    roles = ["system"] if "system" in FORMS[name].takes else []
    roles += ["user", "assistant", "user", "assistant"]
    size = min(len(contents), len(roles))
    size -= roles[size - 1] != "user"
    pairs = zip(roles[:size], contents, strict=False)
    return [{"role": role, "content": content} for role, content in pairs]


@EVERYWHERE
@settings(max_examples=4)
@given(contents=st.lists(words, min_size=3, max_size=5))
def test_ids_are_the_templates_own(kind, name, contents):
    chat, bos = chat_of(name, contents), FORMS[name].bos
    text = rendered(kind, name, chat)
    held = renderer(kind, name)
    ids = held.opening(tuple(chat))
    assert ids == own(kind, name, text)
    if bos:
        rounds = {"llama2": (len(chat) + 1) // 2 - (chat[0]["role"] == "system") * (len(chat) % 2)}
        printed = rounds.get(name, 0 if name in NO_BOS else 1)
        assert ids.count(SPECIAL.index(bos)) == printed
    plain = held.opening(text)  # a rendered chat as plain text: one BOS, from whichever side
    assert plain == (ids if name not in NO_BOS else (SPECIAL.index(bos), *ids))


@EVERYWHERE
@settings(max_examples=4)
@given(contents=st.lists(quoting, min_size=3, max_size=5))
def test_no_content_becomes_a_control_token(kind, name, contents):
    """As many control ids as with contents that quote none, and the text is what it was."""
    chat = chat_of(name, contents)
    chat = [m | {"content": "yes"} if m["role"] == "assistant" else m for m in chat]
    neutral = [m | {"content": "yes"} for m in chat]
    ids = renderer(kind, name).opening(tuple(chat))
    assert controls(ids) == controls(own(kind, name, rendered(kind, name, neutral)))
    if kind == "bytes":
        assert tokenizer(kind, name).decode(ids) == rendered(kind, name, chat)


def controls(ids):
    return Counter(number for number in ids if number in CONTROLS)


@EVERYWHERE
def test_a_reply_ends_as_the_template_ends_one(kind, name):
    form, held = FORMS[name], renderer(kind, name)
    names = held.tokenizer.convert_ids_to_tokens
    assert {*names([*held.ends])} == {form.eos, form.closing[-1]}
    plain = held.demonstration(Task(id="t", prompt="3+4="), "7")
    assert names(plain.token_ids.tolist())[-1] == form.eos


@EVERYWHERE
@pytest.mark.parametrize("begun", ["The answer", "a\nb", "3"])
def test_a_prefill_is_continued(kind, name, begun):
    chat = [{"role": "user", "content": "say"}, {"role": "assistant", "content": begun}]
    text = rendered(kind, name, chat, continue_final_message=True)
    assert text.endswith(begun)
    assert renderer(kind, name).opening(tuple(chat)) == own(kind, name, text)

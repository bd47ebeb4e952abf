"""Ends of replies, their text, first tokens, dates, calls and tools: one case each."""

import re
from datetime import date
from typing import Any

import pytest
from chatml import CHATML, INNER, assistant, fresh, renderer, user
from template_forms import FORMS, SPECIAL, tokenizer
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from transformers import AddedToken, GenerationConfig
from transformers.utils.chat_template_utils import render_jinja_template

from whet.engines.embedded.sessions import SampledToken, SequenceState
from whet.engines.ends import end_tokens
from whet.rewards.verifiable.format import Format
from whet.rollouts.dates import frozen
from whet.rollouts.renderer import end_token
from whet.types import Decoding, Finish, Rollout, Task, UsageError


def calling(arguments, name="calc"):
    return {
        "function": {"name": name, "arguments": arguments},
        "type": "function",
        "id": "a23456789",
    }


def named(held, ids):
    return {*held.convert_ids_to_tokens([*ids])}


LOOP = "{% for m in messages %}{{ m.role }}:{{ m.content }}"
ROLES = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}"
SYSTEM_FIRST = "{% if messages[0].role != 'system' %}{{ raise_exception('no') }}{% endif %}"
REPLY_ENDS = {  # template, end token, ids of the generation config: what ends a reply
    "ChatML": (CHATML, "<|endoftext|>", None, ("<|endoftext|>", "<|im_end|>")),
    "a list in the config": (CHATML, "</s>", [4, 5], ("</s>", "<bos>", "<eos>", "<|im_end|>")),
    "a number in the config": (CHATML, "</s>", 5, ("</s>", "<eos>", "<|im_end|>")),
    "no template": (None, "</s>", None, ("</s>",)),
    "no special token": (f"{LOOP}\n### {{% endfor %}}", "</s>", None, ("</s>",)),
    "the next role": (ROLES, "</s>", None, ("</s>", "<|user|>")),
    "eos behind the last": (
        f"{LOOP}<|im_end|>{{% endfor %}}{{{{ eos_token }}}}",
        "</s>",
        None,
        ("</s>", "<|im_end|>"),
    ),
    "two in a row": (
        f"{LOOP}<|END_RESPONSE|><|im_end|>{{% endfor %}}",
        "</s>",
        None,
        ("</s>", "<|im_end|>"),
    ),
    "spaces before it": (
        f"{LOOP} \n<|im_end|>{{% endfor %}}",
        "</s>",
        None,
        ("</s>", "<|im_end|>"),
    ),
    "a template that raises": ("{{ 1 / 0 }}", "</s>", None, ("</s>",)),
    "a template for another talk": (SYSTEM_FIRST, "</s>", None, ("</s>",)),
}


@pytest.mark.parametrize("name", REPLY_ENDS)
def test_what_ends_a_reply(name):
    template, eos, more, due = REPLY_ENDS[name]
    held = fresh(template, eos)
    found = end_tokens(held, GenerationConfig(eos_token_id=more))
    assert named(held, found) == {*due}


def test_a_terminator_that_is_added_but_not_special_ends_a_reply():
    held = fresh(CHATML.replace("<|im_end|>", "<|fin|>"))
    held.add_tokens([AddedToken("<|fin|>", special=False)])
    assert named(held, renderer(held).ends) == {"<|endoftext|>", "<|fin|>"}


def test_an_end_token_that_the_vocabulary_lacks_is_refused():
    held = fresh()
    held._special_tokens_map["eos_token"] = "<|gone|>"
    with pytest.raises(UsageError, match="eos_token '<|gone|>'"):
        end_token(held)


def test_a_terminator_of_plain_letters_is_noted():
    held = renderer(fresh(f"{LOOP}\n### {{% endfor %}}", "</s>"))
    [note] = held.notes()
    assert "'###'" in note and "'</s>'" in note
    assert renderer(fresh()).notes() == ()
    shown = held.demonstration(Task(id="t", prompt=(user(),)), "7").token_ids
    assert held.tokenizer.convert_ids_to_tokens(shown.tolist())[-1] == "</s>"


SAID = {  # ids by name: the text that judges see
    "a thought": (["<think>", "a", "</think>", "b", "<|im_end|>"], "<think>a</think>b"),
    "cut by length": (["<think>", "a"], "<think>a"),
    "unknown text": (["a", "<unk>", "b", "<|im_end|>"], "a<unk>b"),
    "padding": (["a", "<|im_end|>", "<pad>", "<pad>"], "a"),
    "a pad that was sampled": (["a", "<pad>", "b", "<pad>"], "a<pad>b<pad>"),
    "an end token alone": (["<|im_end|>"], ""),
    "nothing": ([], ""),
    "the other end token": (["a", "<|endoftext|>"], "a"),
    "an end token inside": (["a", "<|endoftext|>", "b", "<|im_end|>"], "a<|endoftext|>b"),
    "a mark of a call": (["<|call|>", "a", "<|call|>"], "<|call|>a<|call|>"),
}


@pytest.mark.parametrize("name", SAID)
def test_a_text_has_all_that_was_said(name):
    names, due = SAID[name]
    held = renderer(fresh())
    ids = held.tokenizer.convert_tokens_to_ids(names)
    assert held.text(ids) == due
    ends = held.char_ends(ids, due)
    if ids:
        assert ends is not None and len(ends) == len(ids) and ends[-1] == len(due)
        done = [due[:end] for end in ends]
        assert all(due.startswith(text) for text in done)
        assert done[0] == ("" if names[0] == "<|im_end|>" else names[0])


def test_a_well_formed_reply_with_thinking_marks_has_the_format():
    held = renderer(fresh())
    text = "<think>a</think><answer>7</answer><|im_end|>"
    ids = held.tokenizer.encode(text, add_special_tokens=False)
    said = Rollout.from_text(Task(id="t", prompt="3+4=", answer="7"), held.text(ids))
    assert Format().score(said).score == 1


OPENED = {  # form, chat, reply: the score of its format
    "opened by the template": ("r1_distill", (user(),), "a</think><answer>7</answer>", 1),
    "opened twice": ("r1_distill", (user(),), "<think>a</think><answer>7</answer>", 0),
    "opened by the prompt": (
        "phi3_5",
        (user(), assistant("<think>\n")),
        "a</think><answer>7</answer>",
        1,
    ),
    "not opened": ("chatml", (user(),), "a</think><answer>7</answer>", 0),
}


@pytest.mark.parametrize("name", OPENED)
def test_a_thought_that_the_template_opens_is_the_replys(name):
    form, chat, reply, due = OPENED[name]
    held = renderer(tokenizer("bytes", form))
    shown = held.demonstration(Task(id="t", prompt=chat), reply)
    assert Format().score(shown).score == due
    assert shown.reply == reply


@pytest.mark.parametrize("stop", ["<|call|>", "</think>", "a<|call|>", "|call|>"])
def test_a_stop_string_may_be_a_special_token(stop):
    held = renderer(fresh())
    ids = held.tokenizer.encode("</think>a<|call|>b", add_special_tokens=False)
    said = SequenceState((1,), Decoding(max_new_tokens=9, stop=(stop,)), 0, 0, held.ends)
    for number in ids:
        if said.finish is None:
            said.take(SampledToken(number, 0.0, 0.0, 0.0), held.text)
    assert said.finish is Finish.STOP
    assert len(said.tokens) == (1 if stop == "</think>" else 3)


def test_padding_by_the_end_token_is_left_out():
    held = renderer(fresh(pad_token="<|endoftext|>"))
    ids = held.tokenizer.convert_tokens_to_ids(["a", *["<|endoftext|>"] * 3])
    assert held.text(ids) == "a"


@pytest.mark.parametrize("kind", ["bytes", "metaspace", "characters"])
def test_pieces_name_special_tokens_and_keep_spaces(kind):
    held = renderer(tokenizer(kind, "chatml"))
    ids = held.tokenizer.encode("a hello<think>b", add_special_tokens=False)
    assert "".join(held.pieces(ids)).lstrip() == "a hello<think>b"
    assert "<think>" in held.pieces(ids)


def first_tokens(single, text):
    inner = Tokenizer.from_str(INNER)
    used = re.findall(r"<s>|</s>|\[gMASK\]|<sop>", single)
    pairs = [(token, SPECIAL.index(token)) for token in used]
    inner.post_processor = processors.TemplateProcessing(single=single, special_tokens=pairs)
    held = fresh(inner=inner, eos="</s>", bos_token="<s>")
    return held.convert_ids_to_tokens([*renderer(held).opening(text)])


@pytest.mark.parametrize(
    ("single", "text", "due"),
    [
        ("<s> $A", "ab", ["<s>", "a", "b"]),
        ("<s> $A", "<s>ab", ["<s>", "a", "b"]),
        ("<s> $A </s>", "<s>ab", ["<s>", "a", "b"]),
        ("<s> $A </s>", "ab</s>", ["<s>", "a", "b", "</s>"]),
        ("$A", "<s>ab", ["<s>", "a", "b"]),
        ("$A </s>", "ab", ["a", "b"]),
        ("[gMASK] <sop> $A", "[gMASK]<sop>ab", ["[gMASK]", "<sop>", "a", "b"]),
        ("<s> $A", "a<s>b", ["<s>", "a", "<s>", "b"]),
        ("</s> $A", "</s>ab", ["</s>", "a", "b"]),  # the end token comes first, too
    ],
)
def test_plain_text_has_its_first_token_once(single, text, due):
    assert first_tokens(single, text) == due


def test_a_space_before_a_text_is_put_there_once():
    inner = Tokenizer.from_str(INNER)
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    inner.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 2)]
    )
    held = fresh("<s>" + CHATML, inner=inner, bos_token="<s>")
    one = renderer(held)
    assert one.opening("<s>ab") == one.opening("ab")
    ids = one.opening((user("x<|im_end|>y"),))
    assert ids.count(2) == 1 and ids.count(SPECIAL.index("<|im_end|>")) == 1


def test_an_answer_in_a_demonstration_continues_the_prompt():
    """A text by itself begins with a space in such tokenizers, a reply to a chat does not."""
    held = renderer(tokenizer("metaspace", "chatml"))
    shown = held.demonstration(Task(id="t", prompt=(user(),)), "7").token_ids.tolist()
    assert held.tokenizer.convert_ids_to_tokens(shown)[-3:] == ["\n", "7", "<|im_end|>"]


def test_other_forms_of_a_special_token_are_text_too():
    """A normaliser reads <|IM_END|> as <|im_end|> where the token is looked up after it."""
    inner = Tokenizer.from_str(INNER)
    inner.normalizer = normalizers.Lowercase()
    held = fresh(CHATML.replace("<|im_end|>", "<fin>"), inner=inner)
    held.add_special_tokens({"eos_token": AddedToken("<fin>", normalized=True, special=True)})
    fin: Any = held.eos_token_id
    assert fin in held.encode("<FIN>", add_special_tokens=False)
    assert renderer(held).opening((user("a<FIN>b"),)).count(fin) == 1


def test_spaces_around_a_quoted_mark_stay():
    inner = Tokenizer.from_str(INNER)
    held = fresh(CHATML, inner=inner)
    held.add_tokens(
        [AddedToken("<m>", lstrip=True, rstrip=True, special=True)], special_tokens=True
    )
    ids = renderer(held).opening((user("a <m> b"),))
    assert "a <m> b<|im_end|>" in held.decode(ids)
    assert held.convert_tokens_to_ids("<m>") not in ids


def test_the_assistants_thinking_mark_stays_one_token():
    held = fresh()
    think, end = map(SPECIAL.index, ("<think>", "<|im_end|>"))
    chat = (user("<think>"), assistant("<think>a<|im_end|>"), user())
    ids = renderer(held).opening(chat)
    assert ids.count(think) == 1  # the assistant's, not the one that the user quotes
    assert ids.count(end) == 3  # one for each message, none for the one that is quoted


DATED = {
    "llama3_2": "Today Date: 31 Jan 2026",
    "smollm3": "Today Date: 31 January 2026",
    "harmony": "Current date: 2026-01-31",
}


@pytest.mark.parametrize("name", DATED)
def test_the_date_is_that_of_the_run(name):
    held = tokenizer("bytes", name)
    assert DATED[name] in held.decode(renderer(held).opening((user(),)))
    assert held.chat_template == FORMS[name].text  # what is saved beside checkpoints


def test_without_a_date_it_is_the_present_day():
    held = tokenizer("bytes", "harmony")
    text = held.decode(renderer(held, today="").opening((user(),)))
    assert date.today().isoformat() in text


PRINTED = {  # what a template prints: what is due
    "{{ strftime_now('%Y') }}": "2026",
    "{{ strftime_now( '%d.%m.' ) }}": "31.01.",
    "{{ strftime_now(format='%H:%M:%S') }}": "00:00:00",
    "{{ strftime_now('%d' ~ ' %b') }}": "31 Jan",
    "{% set now = strftime_now %}{{ now('%-d.%-m.%y') }}": "31.1.26",
    "{% set f = '%B' %}{{ strftime_now(f) | upper }}": "JANUARY",
    "{% macro day() %}<{{ strftime_now('%d') }}>{% endmacro %}{{ day() }}": "<31>",
    "{{ strftime_now('100%% %j') }}": "100% 031",
    "{{ (strftime_now('%d') | int) - 1 }}": "30",
    "{% if strftime_now is defined %}yes{% endif %}": "yes",
    "{# strftime_now(x) #}no": "no",
    "  {% if true %}spaces{% endif %}{# strftime_now #}": "spaces",
    "\n\nlines{# strftime_now #}": "\n\nlines",
}


@pytest.mark.parametrize("source", PRINTED)
def test_a_template_prints_the_day_however_it_asks_for_it(source):
    kept = frozen(source, date(2026, 1, 31))
    [text], _ = render_jinja_template(conversations=[[user()]], chat_template=kept)
    assert text == PRINTED[source]


def test_a_day_that_is_none_is_refused():
    with pytest.raises(UsageError, match="model.today is '31.1.'"):
        renderer(fresh(), today="31.1.")


CALLED = (
    user("1+1"),
    {"role": "assistant", "content": None, "tool_calls": [calling({"q": "1+1"})]},
)
RESULT = {"role": "tool", "name": "calc", "tool_call_id": "a23456789", "content": "2"}
TAKES_CALLS = ["chatml", "qwen3", "llama3_2", "mistral_v03", "r1_distill", "glm4_5", "harmony"]


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("name", TAKES_CALLS)
def test_a_call_and_its_result_are_shown(name, text):
    """Arguments may be an object or JSON text, whichever of them the template reads."""
    held = tokenizer("bytes", name)
    asked = [calling('{"q": "1+1"}' if text else {"q": "1+1"})]
    chat = (CALLED[0], {**CALLED[1], "tool_calls": asked}, RESULT)
    shown = held.decode(renderer(held).opening(chat))
    assert "calc" in shown and ('"q": "1+1"' in shown or "<arg_value>1+1<" in shown)
    assert "\\" not in shown


@pytest.mark.parametrize("name", ["gemma2", "phi3_5", "cohere2", "zephyr", "smollm3"])
def test_a_call_that_would_be_dropped_is_refused(name):
    with pytest.raises(UsageError, match="template (drops|doesn't take)"):
        renderer(tokenizer("bytes", name)).opening((*CALLED, RESULT))


DROPS = {  # template, chat: what the message names
    "a content": ("{{ messages[0].content }}", (user("a"), assistant("b"), user("c")), "message 2"),
    "a part": ("{{ messages[0].content[:3] }}x", (user("abcdef"),), "message 1"),
    "a system message": (
        "{{ messages[-1].content }}",
        (user("a") | {"role": "system"}, user()),
        "system",
    ),
    "an unknown role": (
        "{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}",
        (user(), user("x") | {"role": "judge"}),
        "judge",
    ),
    "a short content that stands elsewhere": (
        "5 {{ messages[0].content }}",
        (user("a"), user("5")),
        "message 2",
    ),
    "arguments": (
        "{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] %}"
        "{{ c.function.name }}{% endfor %}{% endfor %}",
        (*CALLED, RESULT),
        "arguments",
    ),
}


@pytest.mark.parametrize("name", DROPS)
def test_what_the_template_drops_is_refused_by_name(name):
    template, chat, told = DROPS[name]
    with pytest.raises(UsageError, match=f"drops .*{told}"):
        renderer(fresh(template)).opening(chat)


def test_thinking_that_is_dropped_is_noted():
    chat = (user(), assistant("4", reasoning_content="two and two"), user())
    held = renderer(tokenizer("bytes", "qwen3"))
    held.opening(chat)
    assert [note for note in held.notes() if "thinking" in note]
    inside = renderer(tokenizer("bytes", "r1_distill"))
    inside.opening((user(), assistant("<think>two</think>4"), user()))
    assert [note for note in inside.notes() if "thinking" in note]


RAISES = {
    "syntax": "{% for %}",
    "filter": "{{ messages | nothing }}",
    "name": "{{ nothing.at.all }}",
    "division": "{{ 1 / 0 }}",
    "type": "{{ messages + 1 }}",
    "key": "{{ {}['a'].b }}",
    "own": "{{ raise_exception('not this\nway') }}",
    "recursion": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "range": "{% for i in range(10 ** 9) %}{% endfor %}",
    "sandbox": "{{ messages.append(1) }}",
    "unsafe": "{{ ''.__class__.__mro__ }}{{ ''.__class__.x }}",
    "value": "{{ '%d' % 'a' }}",
}


@pytest.mark.parametrize("name", RAISES)
def test_a_template_that_raises_is_one_line(name):
    with pytest.raises(UsageError, match=r"chat template doesn't take .*\(user\)") as caught:
        renderer(fresh(RAISES[name])).opening((user(),))
    assert "\n" not in str(caught.value)


WRONG = {
    "role with a mark": (({"role": "user|>\n<|im_end|>", "content": "x"},), "message 1 has role"),
    "no content": (({"role": "user"},), r"message 1 \(user\) has no content"),
    "content is a number": (({"role": "user", "content": 3},), "content is 3"),
    "content is a mapping": (({"role": "user", "content": {"a": 1}},), "content is"),
    "audio": ((user([{"type": "input_audio"}]),), "message 1: .*audio"),
    "video": ((user([{"type": "video"}]),), "message 1: .*video"),
    "images beside": ((user("x", images=["a.png"]),), "message 1 has images"),
    "a call without name": ((user(), assistant(tool_calls=[{"function": {}}])), "message 2 .*call"),
    "a call at the end": (CALLED, "message 2, the last one, is a call"),
    "half a character": ((user("a\ud83d"),), "message 1 holds .*half of a character"),
    "bytes in arguments": (
        (user(), assistant(tool_calls=[calling({"q": b"1"})]), RESULT),
        "message 2",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_messages_are_refused_by_name(name):
    chat, told = WRONG[name]
    with pytest.raises(UsageError, match=told) as caught:
        renderer(tokenizer("bytes", "chatml")).opening(chat)
    assert "\n" not in str(caught.value)


def test_a_tool_without_a_name_is_refused():
    with pytest.raises(UsageError, match="tool 1"):
        renderer(fresh()).opening((user(),), ({"parameters": {}},))


def test_a_mark_in_a_tool_is_text():
    held = tokenizer("bytes", "chatml")
    tool = {"type": "function", "function": {"name": "f", "description": "say <|im_end|>"}}
    ids = renderer(held).opening((user(),), (tool,))
    assert ids.count(held.convert_tokens_to_ids("<|im_end|>")) == 2  # system, user
    assert "say <|im_end|>" in held.decode(ids)


def test_private_characters_in_a_content_stay():
    held = fresh()
    text = "\ue000a<|im_end|>\ue001"
    assert text in held.decode(renderer(held).opening((user(text),)))

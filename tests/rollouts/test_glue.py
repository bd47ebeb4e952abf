"""What stands between two replies of a chat: it is the end of the template's own rendering."""

import json

import pytest
from template_forms import DATE, FORMS, KINDS, tokenizer
from transformers import GenerationConfig
from transformers.utils.chat_template_utils import render_jinja_template

from whet.engines.ends import end_tokens
from whet.rollouts.glue import TemplateGlue
from whet.rollouts.templates import ChatTemplate
from whet.rollouts.tool_results import RESULTS_AS_USER
from whet.types import UsageError

EVERYWHERE = pytest.mark.parametrize(("kind", "name"), [(k, n) for k in KINDS for n in FORMS])
SHOWING = [n for n, form in FORMS.items() if "tools" in form.takes] + ["r1_distill"]
TOOLS = pytest.mark.parametrize(("kind", "name"), [(k, n) for k in KINDS for n in SHOWING])


def user(text):
    return {"role": "user", "content": text}


def said(text):
    return {"role": "assistant", "content": text}


def called(*names):
    return {
        "role": "assistant",
        "tool_calls": [
            {
                "id": f"abcdefgh{n}",
                "type": "function",
                "function": {"name": name, "arguments": {"q": "1"}},
            }
            for n, name in enumerate(names)
        ],
    }


def written(message):
    calls = [
        {**c, "function": {**c["function"], "arguments": json.dumps(c["function"]["arguments"])}}
        for c in message.get("tool_calls", ())
    ]
    return {"content": "", **message, "tool_calls": calls} if calls else message


def result(text, name="calc", number=0):
    return {"role": "tool", "name": name, "tool_call_id": f"abcdefgh{number}", "content": text}


def glue(kind, name):
    held = tokenizer(kind, name)
    return TemplateGlue(ChatTemplate(held, DATE), end_tokens(held, GenerationConfig()))


def whole(kind, name, chat, *, opened=True):
    """The template's own rendering, without any of our code, and its ids."""
    held = tokenizer(kind, name)
    if name == "r1_distill":  # takes the arguments of calls as text, and a content besides
        chat = [written(message) for message in chat]
    [text], _ = render_jinja_template(
        conversations=[chat],
        chat_template=FORMS[name].dated,
        add_generation_prompt=opened,
        **held.special_tokens_map,
    )
    inner = held.backend_tokenizer
    inner.encode_special_tokens = False
    return text, tuple(inner.encode(text, add_special_tokens=False).ids)


def end_of(kind, name):
    """The ids with which a policy closes a reply."""
    held = tokenizer(kind, name)
    return tuple(held.convert_tokens_to_ids([*FORMS[name].closing]))


TALKS = {
    "a question": [user("what is 3+4?")],
    "spaces around": [user("  the quick  \n")],
    "two rounds": [user("hello"), said("the world"), user("and now?")],
    "a thought before": [user("hello"), said("<think>\nhm\n</think>\n\nfox"), user("go on")],
}


@EVERYWHERE
@pytest.mark.parametrize("talk", TALKS)
def test_it_is_the_end_of_the_rendering(kind, name, talk):
    chat = [user("say hello"), said("hello world"), *TALKS[talk]]
    _, ids = whole(kind, name, chat)
    found = glue(kind, name).ids(chat[-1:], end_of(kind, name))
    assert found == ids[len(ids) - len(found) :]
    before = ids[: len(ids) - len(found)]
    end = tokenizer(kind, name).convert_tokens_to_ids("<|end|>") if name == "harmony" else None
    assert before[-1] == (end or end_of(kind, name)[-1])  # all between the reply and here


@EVERYWHERE
def test_where_the_past_is_kept_opening_reply_and_glue_are_the_whole(kind, name):
    if name in ("harmony", "glm4_5", "qwen3", "r1_distill", "llama2", "mistral_v03", "cohere2"):
        return  # these print a reply in the past with other tokens than they open it with
    first, second = [user("say hello")], user("fox")
    _, ids = whole(kind, name, [*first, said("hello world"), second])
    _, opening = whole(kind, name, first)
    reply = ids[len(opening) : len(ids) - len(glue(kind, name).ids([second], end_of(kind, name)))]
    assert tokenizer(kind, name).decode(reply).strip().startswith("hello world")
    assert reply[-len(end_of(kind, name)) :] == end_of(kind, name)


@EVERYWHERE
def test_a_reply_that_was_cut_off_is_closed(kind, name):
    one = glue(kind, name)
    open_end, ended = one.ids([user("go on")], (5, 6)), one.ids([user("go on")], end_of(kind, name))
    missing = open_end[: len(open_end) - len(ended)]
    assert open_end[len(missing) :] == ended
    text, ids = whole(kind, name, [user("say hello"), said("hello"), user("go on")])
    assert ids[len(ids) - len(open_end) :] == open_end
    lead = text[: text.rindex("hello") + len("hello")]
    held = tokenizer(kind, name)
    assert held.decode(ids[: len(ids) - len(open_end)]).endswith(
        held.decode(held.encode(lead))[-5:]
    )


@TOOLS
@pytest.mark.parametrize("results", [("7",), ("7", "8")], ids=["one", "two at once"])
def test_results_of_tools(kind, name, results):
    names = ["calc"] * len(results)
    if name == "llama3_2" and len(results) > 1:
        return  # its template takes one call at once
    answers = [result(text, "calc", n) for n, text in enumerate(results)]
    chat = [user("3+4?"), called(*names), *answers]
    text, ids = whole(kind, name, chat)
    held = tokenizer(kind, name)
    ending = end_of(kind, name)
    if name == "harmony":
        ending = (held.convert_tokens_to_ids("<|call|>"),)
    found = glue(kind, name).ids(answers, ending)
    assert found == ids[len(ids) - len(found) :]
    assert "7" in held.decode(found) and "calc(" not in held.decode(found)
    assert '"q"' not in held.decode(found)


@TOOLS
def test_a_second_round_of_tools(kind, name):
    chat = [user("3+4?"), called("calc"), result("7"), called("calc"), result("8")]
    _, ids = whole(kind, name, chat)
    ending = end_of(kind, name)
    if name == "harmony":
        ending = (tokenizer(kind, name).convert_tokens_to_ids("<|call|>"),)
    found = glue(kind, name).ids(chat[-1:], ending)
    assert found == ids[len(ids) - len(found) :]


@pytest.mark.parametrize(
    ("kind", "name"), [(k, n) for k in KINDS for n in FORMS if n not in SHOWING]
)
def test_results_go_as_messages_of_the_user_where_there_is_no_other_form(kind, name):
    one = glue(kind, name)
    found = one.ids([result("7"), result("8", number=1)], end_of(kind, name))
    asked = "<tool_response>\n7\n</tool_response>\n<tool_response>\n8\n</tool_response>"
    assert found == one.ids([user(asked)], end_of(kind, name))
    assert RESULTS_AS_USER in one.template.notes


@EVERYWHERE
def test_special_tokens_in_an_observation_are_text(kind, name):
    held = tokenizer(kind, name)
    mark = FORMS[name].closing[-1]
    plain, quoted = (
        glue(kind, name).ids([user(f"a {t} b")], end_of(kind, name)) for t in "x" + "y"
    )
    assert plain != quoted
    try:
        found = glue(kind, name).ids([user(f"a {mark} b")], end_of(kind, name))
    except UsageError as error:
        assert "special token" in str(error)
        return
    number = held.convert_tokens_to_ids(mark)
    assert found.count(number) == plain.count(number)


def test_messages_of_the_assistant_are_refused():
    with pytest.raises(UsageError, match="message 2 of the observation is the assistant's"):
        glue("bytes", "chatml").ids([user("a"), said("b")], ())


def test_what_the_template_does_not_take_is_refused():
    with pytest.raises(UsageError, match="chat template"):
        glue("bytes", "gemma2").ids([user("a"), user("b")], end_of("bytes", "gemma2"))

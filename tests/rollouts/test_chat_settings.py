"""What a run says of its chat template: a declared glue, arguments, the format of calls."""

import json

import pytest
from chatml import CHATML, fresh, user
from template_forms import DATE, FORMS, tokenizer
from transformers import GenerationConfig

from whet.calls.formats.mistral import Mistral
from whet.engines.ends import end_tokens
from whet.engines.models import Folder
from whet.rollouts.chat_settings import ChatSettings, Glue
from whet.rollouts.renderer import TextRenderer
from whet.training.as_json import from_json, to_json
from whet.types import UsageError

GEMMA = Glue(
    closing="<end_of_turn>",
    user="\n<start_of_turn>user\n{content}<end_of_turn>\n<start_of_turn>model\n",
)
QWEN = Glue(
    closing="<|im_end|>",
    user="\n<|im_start|>user\n{content}<|im_end|>\n<|im_start|>assistant\n",
    tool="\n<|im_start|>tool\n{content}<|im_end|>\n<|im_start|>assistant\n",
)
MODES = (
    CHATML.replace("assistant\n{% endif %}", "assistant\n{% if brief %}<think></think>{% endif %}")
    + "{% endif %}"
)


def of(held, chat):
    return TextRenderer(held, end_tokens(held, GenerationConfig(), chat), DATE, chat)


def result(text):
    return {"role": "tool", "name": "calc", "content": text}


@pytest.mark.parametrize("said", [(), (5, 6), "closed"], ids=["nothing", "cut off", "closed"])
@pytest.mark.parametrize("kind", ["bytes", "metaspace", "characters"])
def test_a_glue_that_is_declared_as_the_template_has_it_gives_the_templates_ids(kind, said):
    held = tokenizer(kind, "gemma2")
    declared, own = of(held, ChatSettings(glue=GEMMA)), of(held, ChatSettings())
    ids = (
        tuple(held.convert_tokens_to_ids([*FORMS["gemma2"].closing])) if said == "closed" else said
    )
    for content in ("hello", "a <end_of_turn> b", "two\nlines"):
        found = [one.following((user(content),), ids) for one in (declared, own)]
        assert found[0] == found[1]
        assert declared.ends == own.ends


def test_results_go_as_messages_of_the_user_without_a_form_of_their_own():
    one = of(tokenizer("bytes", "gemma2"), ChatSettings(glue=GEMMA))
    told = "<tool_response>\n7\n</tool_response>\n<tool_response>\n8\n</tool_response>"
    assert one.following((result("7"), result("8"))) == one.following((user(told),))


def test_results_have_the_declared_form_once_for_all_at_once():
    one = of(fresh(), ChatSettings(glue=QWEN))
    text = one.tokenizer.decode(one.following((result("7"), result("8"))))
    assert text == "<|im_end|>\n<|im_start|>tool\n7\n8<|im_end|>\n<|im_start|>assistant\n"


def test_a_message_for_which_no_form_is_declared_is_refused():
    with pytest.raises(UsageError, match="role 'system', for which chat.glue has no form"):
        of(fresh(), ChatSettings(glue=QWEN)).following(({"role": "system", "content": "x"},))


def test_the_declared_closing_ends_a_reply_and_is_left_out_of_its_text():
    silent = "{% for m in messages %}{{ m.content }}{% endfor %}"  # the template closes nothing
    held = fresh(silent)
    one = of(held, ChatSettings(glue=QWEN))
    end = held.convert_tokens_to_ids("<|im_end|>")
    assert end in one.ends and end not in of(held, ChatSettings()).ends
    assert one.text((*one.reply_ids("hello"), end)) == "hello"


def test_words_in_a_declared_closing_are_refused():
    with pytest.raises(UsageError, match="chat.glue.closing is 'end<|im_end|>'"):
        of(fresh(), ChatSettings(glue=Glue(closing="end<|im_end|>", user="{content}")))


@pytest.mark.parametrize("fields", [{"user": "x"}, {"user": ""}, {"user": "{content}{content}"}])
def test_a_form_has_its_content_once(fields):
    with pytest.raises(UsageError, match="chat.glue.user"):
        Glue(closing="<|im_end|>", **fields)
    with pytest.raises(UsageError, match="chat.glue.tool"):
        Glue(closing="<|im_end|>", user="{content}", tool="x")


@pytest.mark.parametrize("later", [False, True], ids=["opening", "glue"])
def test_arguments_reach_the_template_in_every_turn(later):
    plain, brief = (of(fresh(MODES), ChatSettings(arguments=a)) for a in ({}, {"brief": True}))
    texts = [
        one.tokenizer.decode(one.following((user(),)) if later else one.opening((user(),)))
        for one in (plain, brief)
    ]
    assert texts[1] == texts[0] + "<think></think>"


def test_an_argument_that_the_template_does_not_read_is_refused():
    with pytest.raises(UsageError, match="'breif', which the tokenizer's chat template"):
        of(fresh(MODES), ChatSettings(arguments={"breif": True}))


def test_an_argument_that_is_not_the_templates_is_refused():
    with pytest.raises(UsageError, match="'add_generation_prompt'"):
        ChatSettings(arguments={"add_generation_prompt": False})


def test_settings_are_values_that_a_card_holds():
    chat = ChatSettings(arguments={"brief": True}, calls=Mistral(), glue=QWEN)
    model = Folder(path="m", chat=chat)
    back = from_json(json.loads(json.dumps(to_json(model))))
    assert back == model and hash(back) == hash(model)

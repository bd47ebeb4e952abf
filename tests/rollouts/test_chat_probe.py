"""A probe before any play: turns that a template does not tell are refused by name."""

import pytest
from chatml import CHATML, fresh, renderer, user
from template_forms import DATE, FORMS, KINDS, tokenizer
from transformers import GenerationConfig

from whet.calls.shipped.calc import calc
from whet.engines.ends import end_tokens
from whet.environments.agents.tool_agent import ToolAgent
from whet.environments.single_turn import SingleTurn
from whet.protocols import Environment
from whet.rollouts.chat_checks import check_chats
from whet.rollouts.chat_probe import KEEPS_THINKING
from whet.rollouts.chat_settings import ChatSettings, Glue
from whet.rollouts.renderer import TextRenderer
from whet.rollouts.tool_results import RESULTS_AS_USER
from whet.types import Task, UsageError

ASKED = Task(id="t", prompt=(user("3+4?"),))
AGENT = ToolAgent(tools=(calc,))
TWICE = (  # prints the last message twice
    "{% for m in messages %}{{ m.content }}<|im_end|>{% endfor %}{{ messages[0].content }}"
)
REFUSING = CHATML.replace(
    "{% for m in messages %}",
    "{% if messages|length > 2 %}{{ raise_exception('one turn only') }}{% endif %}"
    "{% for m in messages %}",
)
SQUEEZING = CHATML.replace("m.content", "m.content.split()|join(' ')")
DROPPING = {"qwen3", "r1_distill", "glm4_5"}  # forms that drop thinking before a question
CALLS = {
    "chatml": "hermes",
    "qwen3": "hermes",
    "llama3_2": "llama",
    "mistral_v03": "mistral",
    "r1_distill": "deepseek",
    "glm4_5": "glm",
    "harmony": "harmony",
}


class Turns(Environment):
    """An environment of several turns."""

    async def play(self, task, policy):
        await policy(task.prompt)
        await policy("go on")


def of(name, kind="bytes"):
    held = tokenizer(kind, name)
    return TextRenderer(held, end_tokens(held, GenerationConfig()), DATE)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("world", [Turns(), AGENT], ids=["turns", "tools"])
def test_every_published_form_tells_its_turns(kind, name, world):
    facts = check_chats(of(name, kind), [ASKED], world)
    assert facts["closing"] == [*FORMS[name].closing]
    assert {FORMS[name].eos, FORMS[name].closing[-1]} == {*facts["end_tokens"]}
    assert facts["calls"] == CALLS.get(name, "hermes")


@pytest.mark.parametrize("name", FORMS)
def test_thinking_that_the_template_would_drop_is_noted(name):
    facts = check_chats(of(name), [ASKED], Turns())
    assert (KEEPS_THINKING in facts["notes"]) == (name in DROPPING)


PROMPTS = {
    "chatml": "<|im_start|>assistant\n",
    "phi3_5": "<|assistant|>\n",
    "r1_distill": "<｜Assistant｜><think>\n",
    "llama2": "",  # nothing but the question
    "gemma2": "<start_of_turn>model\n",
}


@pytest.mark.parametrize("name", PROMPTS)
def test_the_card_tells_what_opens_a_reply(name):
    assert of(name).facts()["generation_prompt"] == PROMPTS[name]


@pytest.mark.parametrize(
    ("template", "told"),
    [
        (REFUSING, "a message of the user.*one turn only"),
        (SQUEEZING, "a long message with spaces and marks.*drops a part of the content"),
    ],
    ids=["raises", "changes spaces"],
)
def test_a_turn_that_the_template_does_not_tell_is_refused_with_the_remedy(template, told):
    with pytest.raises(UsageError, match=told) as caught:
        check_chats(renderer(fresh(template)), [ASKED], Turns())
    assert "--model.chat.glue.user" in str(caught.value)


@pytest.mark.parametrize("template", [REFUSING, SQUEEZING])
def test_a_declared_glue_needs_no_template_for_later_turns(template):
    glue = Glue(
        closing="<|im_end|>",
        user="\n<|im_start|>user\n{content}<|im_end|>\n<|im_start|>assistant\n",
    )
    held = fresh(template)
    one = TextRenderer(held, end_tokens(held, GenerationConfig()), DATE, ChatSettings(glue=glue))
    assert check_chats(one, [ASKED], Turns())["closing"] == ["<|im_end|>"]


@pytest.mark.parametrize("template", [REFUSING, SQUEEZING])
def test_a_single_turn_needs_no_glue(template):
    one = renderer(fresh(template))
    assert check_chats(one, [ASKED], SingleTurn())["closing"] == ["<|im_end|>"]


def test_plain_text_needs_no_template():
    plain = Task(id="t", prompt="3+4=")
    assert check_chats(renderer(fresh(REFUSING)), [plain], Turns()) == {}


def test_an_opening_that_the_template_does_not_take_is_refused_with_its_task():
    system = Task(id="told", prompt=({"role": "system", "content": "x"}, user()))
    with pytest.raises(UsageError, match="told: .*System role not supported"):
        check_chats(of("gemma2"), [ASKED, system], Turns())


@pytest.mark.parametrize("name", FORMS)
def test_results_that_go_as_messages_of_the_user_are_noted_before_any_play(name):
    facts = check_chats(of(name), [ASKED], AGENT)
    showing = {n for n, form in FORMS.items() if "tools" in form.takes} | {"r1_distill"}
    assert (RESULTS_AS_USER in facts["notes"]) == (name not in showing)  # a call has to be shown

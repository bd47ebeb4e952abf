"""A tool agent: calls of several formats, results in the conversation, and the limit of calls."""

import pytest
from saying import conversation
from template_forms import DATE, FORMS, tokenizer
from transformers import GenerationConfig

from whet.calls.shipped.calc import calc
from whet.engines.ends import end_tokens
from whet.environments.agents.tool_agent import ToolAgent
from whet.rollouts.renderer import TextRenderer
from whet.types import Finish, Task, UsageError

ASKED = ({"role": "user", "content": "what is 3+4?"},)
AGENT = ToolAgent(tools=(calc,), calls=2)
HERMES = '<tool_call>\n{"name": "calc", "arguments": {"expression": "3+4"}}\n</tool_call>'
FORMATS = {
    "chatml": HERMES,
    "qwen3": HERMES,
    "llama3_2": '{"name": "calc", "parameters": {"expression": "3+4"}}',
    "mistral_v03": '[TOOL_CALLS] [{"name": "calc", "arguments": {"expression": "3+4"}}]',
}


def played(name, replies, agent=AGENT, prompt=ASKED):
    held = tokenizer("bytes", name)
    renderer = TextRenderer(held, end_tokens(held, GenerationConfig()), DATE)
    closing = held.convert_tokens_to_ids(FORMS[name].closing[-1])
    [rollout], generator = conversation(
        renderer, closing, replies, agent, Task(id="t", prompt=prompt)
    )
    return rollout, generator, held


@pytest.mark.parametrize("name", FORMATS)
def test_a_call_is_answered_and_the_answer_is_the_last_reply(name):
    rollout, generator, held = played(name, [FORMATS[name], "it is 7"])
    assert [m["role"] for m in rollout.messages] == ["user", "assistant", "tool", "assistant"]
    assert rollout.messages[2]["content"] == "7" and rollout.messages[2]["name"] == "calc"
    assert rollout.reply == "it is 7" and rollout.verdict is None
    assert "calc" in held.decode(generator.prompts[0])  # the opening shows the tool
    heard = held.decode(generator.prompts[1][len(generator.prompts[0]) :])
    assert heard.count("7") == 1 and "expression" in heard  # what it said, and the result


def test_the_conversation_only_grows():
    rollout, generator, _ = played("qwen3", [HERMES, HERMES, "7"])
    for before, after in zip(generator.prompts, generator.prompts[1:], strict=False):
        assert after[: len(before)] == before
    assert rollout.token_ids.tolist()[: len(generator.prompts[-1])] == generator.prompts[-1]
    assert len(rollout.acts) == 3
    said = [rollout.token_ids[act.start : act.stop] for act in rollout.acts]
    assert rollout.action_mask.sum() == sum(map(len, said))


def test_beyond_the_limit_one_reply_is_left():
    rollout, _, _ = played("qwen3", [HERMES, HERMES, HERMES, "7"])
    assert rollout.messages[-2]["content"] == "error: no calls left; answer now"
    assert rollout.reply == "7" and rollout.verdict is None
    rollout, _, _ = played("qwen3", [HERMES] * 4)
    assert rollout.finish is Finish.CALLS and rollout.verdict.score == 0
    assert len(rollout.acts) == 4


def test_what_is_wrong_is_told_to_the_policy():
    wrong = HERMES.replace("calc", "clac")
    rollout, _, _ = played("qwen3", [wrong, HERMES.replace('"3+4"', "7"), "7"])
    assert "did you mean 'calc'?" in rollout.messages[2]["content"]
    assert "expression is of type string, and 7 came" in rollout.messages[4]["content"]


def test_plain_text_reads_calls_of_a_line():
    rollout, _, held = played("chatml", ['calc("3+4")', "7"], prompt="3+4=")
    assert rollout.turns == ("3+4=", 'calc("3+4")', "\n7\n", "7")


def test_a_thought_is_no_call():
    rollout, _, _ = played("qwen3", [f"<think>\n{HERMES}\n</think>\n\n7"])
    assert len(rollout.acts) == 1


@pytest.mark.parametrize(
    ("fields", "told"), [({"tools": ()}, "tools is empty"), ({"calls": 0}, "calls is 0")]
)
def test_what_can_not_be_is_refused(fields, told):
    with pytest.raises(UsageError, match=told):
        ToolAgent(**{"tools": (calc,), **fields})

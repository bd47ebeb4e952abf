"""Prompts with calls, parts and prefills, read by judges, hints and paraphrases."""

from whet.policy.extensions.answer_hints import AnswerHints
from whet.rewards.generative.policy_judge import Plain
from whet.rewards.generative.prompts import question
from whet.rewards.unsupervised.paraphrases import Template
from whet.types import Rollout, Task
from whet.types.messages import question_in, text_of, with_question

CALL = {"function": {"name": "calc", "arguments": {"q": "1+1"}}, "type": "function", "id": "a"}
CHAT = (
    {"role": "user", "content": "1+1?"},
    {"role": "assistant", "tool_calls": [CALL]},
    {"role": "tool", "content": [{"type": "text", "text": "2"}]},
)
PREFILL = ({"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "It is"})
SAID = 'user: 1+1?\nassistant: calc({"q": "1+1"})\ntool: 2'


def test_a_judge_reads_calls_and_parts():
    assert question(CHAT) == SAID
    assert Plain(between="|")(CHAT) == "1+1?||2|"


def test_the_text_of_messages_has_their_calls():
    assert text_of(CHAT) == SAID
    bare = {"role": "assistant", "content": "so", "tool_calls": [{"name": "f", "arguments": "{}"}]}
    assert text_of((bare,)) == "so\nf({})"
    assert text_of(({"role": "assistant", "content": None},)) == ""


def test_the_turns_of_a_rollout_with_a_bare_call():
    done = Rollout.from_text(Task(id="t", prompt=CHAT), "two")
    assert done.turns[-1] == done.reply == "two"


def test_a_hint_belongs_to_the_question_and_not_to_a_begun_reply():
    hinted = AnswerHints().hinted(Task(id="t", prompt=PREFILL, answer="2"))
    assert [message["content"] for message in hinted] == ["1+1?\n(The answer is 2.)", "It is"]
    assert AnswerHints().hinted(Task(id="t", prompt="1+1?", answer="2")).endswith("is 2.)")


def test_a_paraphrase_of_a_chat():
    shown = Template(words="Say: {}!")(Task(id="t", prompt=CHAT)).prompt
    assert shown[0] == {"role": "user", "content": "Say: 1+1?!"}
    assert shown[1:] == CHAT[1:]
    assert Template(words="Say: {}!")(Task(id="t", prompt=PREFILL)).prompt[1] == PREFILL[1]


def test_a_chat_of_the_assistant_alone_has_its_last_message_as_question():
    alone = ({"role": "assistant", "content": "It is"},)
    assert question_in(alone) == "It is"
    assert with_question(alone, "x") == ({"role": "assistant", "content": "x"},)

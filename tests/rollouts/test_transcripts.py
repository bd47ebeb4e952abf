"""A conversation to imitate has the tokens that it has when the policy says its replies."""

from dataclasses import dataclass

import pytest
from saying import conversation
from template_forms import DATE, FORMS, tokenizer
from transformers import GenerationConfig

from whet.engines.ends import end_tokens
from whet.engines.tokenizers import CharacterTokenizer
from whet.protocols import Environment
from whet.rollouts.renderer import TextRenderer, end_token
from whet.rollouts.transcripts import demonstrated
from whet.types import Task, UsageError, Verdict
from whet.types.transcripts import Transcript

PLAIN = ("1+1=\n", "\n+2=\n", "\n+3=\n")
CHAT = (
    ({"role": "system", "content": "Add."}, {"role": "user", "content": "1+1"}),
    "now 2 more",
    ({"role": "user", "content": "3"},),
)
REPLIES = ["2", "4", "7"]


@dataclass(frozen=True)
class Asks(Environment):
    """Asks the given questions in turn."""

    asked: tuple[object, ...]

    async def play(self, task, policy):
        for observation in self.asked:
            await policy(observation)
        return Verdict.binary(correct=True)


def renderer(kind, name):
    held = tokenizer(kind, name)
    return TextRenderer(held, end_tokens(held, GenerationConfig()), DATE)


def same(render, asked, closing):
    task = Task(id="t", prompt=asked[0])
    [played], _ = conversation(render, closing, REPLIES, Asks(asked), task)
    shown = demonstrated(render, task, Transcript(turns=tuple(zip(asked, REPLIES, strict=True))))
    return played, shown


@pytest.mark.parametrize("kind", ["bytes", "metaspace"])
@pytest.mark.parametrize("name", ["chatml", "llama3_2"])
def test_a_chat_to_imitate_has_the_tokens_of_the_played_one(kind, name):
    render = renderer(kind, name)
    [closing] = render.tokenizer.convert_tokens_to_ids([*FORMS[name].closing])
    played, shown = same(render, CHAT, closing)
    assert shown.token_ids.tolist() == played.token_ids.tolist()
    assert shown.action_mask.tolist() == played.action_mask.tolist()
    assert [m["content"] for m in shown.messages] == [m["content"] for m in played.messages]


def test_plain_text_to_imitate_has_the_tokens_of_the_played_one():
    held = CharacterTokenizer(alphabet="0123456789+=\n").build()
    end = end_token(held)
    played, shown = same(TextRenderer(held, frozenset({end})), PLAIN, end)
    assert shown.token_ids.tolist() == played.token_ids.tolist()
    assert shown.action_mask.tolist() == played.action_mask.tolist()
    assert [(a.start, a.stop) for a in shown.acts] == [(a.start, a.stop) for a in played.acts]


def test_all_replies_of_a_transcript_are_external():
    turns = tuple(zip(CHAT, REPLIES, strict=True))
    task = Task(id="t", prompt=CHAT[0])
    shown = demonstrated(renderer("bytes", "chatml"), task, Transcript(turns=turns))
    assert [span.version for span in shown.spans] == [None]
    assert shown.behaviour_logp.tolist() == [0.0] * shown.length


def test_a_single_reply_is_the_renderers_demonstration():
    render, task = renderer("bytes", "chatml"), Task(id="t", prompt=CHAT[0])
    one = demonstrated(render, task, Transcript(turns=((CHAT[0], "2"),)))
    assert one.token_ids.tolist() == render.demonstration(task, "2").token_ids.tolist()


def test_a_transcript_without_a_reply_is_refused():
    with pytest.raises(UsageError, match=r"transcript\.turns"):
        Transcript(turns=())

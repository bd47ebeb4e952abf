"""What went wrong elsewhere with templates and tokens, in miniature; numbers are issues there.

An overlong opening (verifiers#1625) is in `test_hostile_worlds`, and two results at once in every
form (slime#2264) in `test_glue`.
"""

import asyncio
from dataclasses import dataclass

import numpy as np
import pytest
from chatml import assistant, fresh, renderer, user
from echoing import NEW
from saying import Saying, conversation
from template_forms import DATE, FORMS, tokenizer
from transformers import GenerationConfig
from transformers.utils.chat_template_utils import render_jinja_template

from whet.calls.shipped.calc import calc
from whet.engines.ends import end_tokens
from whet.environments.agents.tool_agent import ToolAgent
from whet.environments.single_turn import SingleTurn
from whet.protocols import Environment
from whet.rollouts.chat_probe import KEEPS_THINKING
from whet.rollouts.player import RolloutPlayer
from whet.rollouts.renderer import TextRenderer
from whet.types import Decoding, Finish, Request, Task
from whet.types.completions import Completion

HERMES = '<tool_call>\n{"name": "calc", "arguments": {"expression": "3+4"}}\n</tool_call>'
ASKED = (user("3+4?"),)


@dataclass(frozen=True)
class Turns(Environment):
    """Asks once more."""

    async def play(self, task, policy):
        await policy(task.prompt)
        await policy("go on")


@dataclass
class SayingIds(Saying):
    """Says these ids in turn."""

    async def generate(self, prompt, how, **place):
        self.prompts.append([*prompt])
        words = self.replies[len(self.prompts) - 1]
        return Completion(
            token_ids=np.array(words, np.int32),
            logp=np.zeros(len(words), np.float32) - 1,
            entropy=None,
            spans=((len(words), NEW),),
            columns={},
            finish=Finish.STOP,
        )


def of(name):
    held = tokenizer("bytes", name)
    return TextRenderer(held, end_tokens(held, GenerationConfig()), DATE)


def played(name, replies, world, prompt=ASKED):
    one = of(name)
    closing = one.tokenizer.convert_tokens_to_ids(FORMS[name].closing[-1])
    [rollout], generator = conversation(one, closing, replies, world, Task(id="t", prompt=prompt))
    return rollout, generator, one


def whole(name, chat, **more):
    """The template's own rendering of a chat."""
    [text], _ = render_jinja_template(conversations=[chat], chat_template=FORMS[name].dated, **more)
    return text


def test_verl_6921_the_separator_stays_at_a_tool_boundary():
    rollout, _, one = played("chatml", [HERMES, "7"], ToolAgent(tools=(calc,)))
    behind = one.tokenizer.decode(rollout.token_ids[rollout.acts[0].stop :])
    assert behind.startswith("\n<|im_start|>user\n<tool_response>\n7\n</tool_response><|im_end|>\n")


def test_slime_2264_results_of_one_reply_are_rendered_in_one_go():
    twice = f"{HERMES}\n{HERMES}"
    rollout, generator, one = played("chatml", [twice, "7"], ToolAgent(tools=(calc,)))
    heard = one.tokenizer.decode(rollout.token_ids[rollout.acts[0].stop : rollout.acts[1].start])
    assert heard.count("<tool_response>") == 2 and heard.count("<|im_start|>user") == 1
    assert len(generator.prompts) == 2


def test_trl_5144_a_reply_keeps_its_ids_where_its_text_has_fewer():
    one = of("chatml")
    letters = [one.reply_ids(letter)[0] for letter in "hello"]
    assert len(one.reply_ids("hello")) < len(letters)
    end = one.tokenizer.convert_tokens_to_ids("<|im_end|>")
    rollout, generator = said_as_ids(one, [[*letters, end], [letters[0], end]])
    first = rollout.acts[0]
    assert rollout.token_ids[first.start : first.stop].tolist() == [*letters, end]
    assert generator.prompts[1][first.start : first.stop] == [*letters, end]
    assert rollout.turns[1] == "hello"


def said_as_ids(one, replies):
    """The rollout of a play in which the policy says these ids."""
    generator = SayingIds(one, 0, replies)
    player = RolloutPlayer(generator, one, Turns())
    [group] = asyncio.run(player.play(Request.of(Task(id="t", prompt=ASKED), (0,), Decoding())))
    return group.rollouts[0], generator


@pytest.mark.parametrize("name", ["r1_distill", "qwen3"])
def test_trl_6363_a_reply_of_nothing_but_the_end_of_a_thought(name):
    replies = []

    @dataclass(frozen=True)
    class Keeping(Environment):
        async def play(self, task, policy):
            replies.append(await policy(task.prompt))
            replies.append(await policy("go on"))

    rollout, _, _ = played(name, ["</think>", "7"], Keeping())
    assert (replies[0], replies[0].words, replies[0].thoughts) == ("</think>", "", "")
    assert rollout.acts[0].stop - rollout.acts[0].start == 2  # the mark, and the end token
    assert rollout.reply == "7"


def test_trl_6044_the_end_of_every_reply_is_learned():
    rollout, _, one = played("chatml", ["3", "4"], Turns())
    end = one.tokenizer.convert_tokens_to_ids("<|im_end|>")
    for act in rollout.acts:
        assert rollout.token_ids[act.stop - 1] == end and rollout.action_mask[act.stop - 1]
    shown = one.demonstration(Task(id="t", prompt=ASKED), "7")
    assert shown.token_ids[-1] == end and shown.action_mask[-1]


def test_trl_6357_an_end_token_that_is_the_padding_too_is_learned():
    held = fresh(eos="<|im_end|>", pad_token="<|im_end|>")
    one = renderer(held)
    end = held.convert_tokens_to_ids("<|im_end|>")
    [rollout], _ = conversation(one, end, ["7"], SingleTurn(), Task(id="t", prompt=ASKED))
    assert rollout.token_ids[-1] == end and rollout.action_mask[-1]
    assert rollout.reply == "7" and rollout.length == 2


def test_nemo_2176_replies_in_the_prompt_are_not_learned():
    shots = (user("1+1?"), assistant("2"), user("3+4?"))
    rollout, _, _ = played("chatml", ["7"], SingleTurn(), shots)
    start = rollout.acts[0].start
    assert not rollout.action_mask[:start].any() and rollout.action_mask[start:].all()
    assert len(rollout.acts) == 1


def test_verl_6854_thinking_stays_between_messages_of_the_user():
    thought = "<think>\nhm\n</think>\n\n3"
    rollout, generator, one = played("qwen3", [thought, "4"], Turns())
    assert thought in one.tokenizer.decode(generator.prompts[1])
    chat = [*ASKED, assistant(thought), user("go on")]
    assert "hm" not in whole("qwen3", chat, add_generation_prompt=True)  # which would drop it
    one.check_turns()
    assert KEEPS_THINKING in one.notes()
    first = rollout.acts[0]
    assert rollout.action_mask[first.start : first.stop].all()

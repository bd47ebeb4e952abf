"""Conversations of five turns with tools, forks and two seats, as chats and as plain text."""

import asyncio
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from chatml import renderer
from template_forms import tokenizer
from tiny import tiny

from whet.calls.shipped.calc import calc
from whet.calls.toolbox import Toolbox
from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.generator import EmbeddedGenerator
from whet.engines.embedded.learner import EmbeddedLearner
from whet.engines.tokenizers import CharacterTokenizer
from whet.protocols import Environment
from whet.rollouts.player import RolloutPlayer
from whet.types import Decoding, Group, Request, Rollout, Task, ToolCall, Verdict
from whet.types.kept import KEPT, WHOLE

PLAIN = "plain"
CALLS = {  # a call of a tool, as a chat template shows one
    "chatml": '<tool_call>\n{"name": "calc", "arguments": {"expression": "3+4"}}\n</tool_call>',
    "llama3_2": '{"name": "calc", "parameters": {"expression": "3+4"}}',
    "mistral_v03": '[TOOL_CALLS] [{"name": "calc", "arguments": {"expression": "3+4"}}]',
    "qwen3": '<tool_call>\n{"name": "calc", "arguments": {"expression": "3+4"}}\n</tool_call>',
}
CHATS = {  # the chat template that is tried with an architecture
    "gpt_neox": "chatml",
    "llama": "llama3_2",
    "qwen3": "qwen3",
    "mistral": "mistral_v03",
    "smollm3": "qwen3",
    "olmo2": "chatml",
}
SEEDS = (1, 2)
HOW = Decoding(max_new_tokens=6, stop=("e", "7"))


@dataclass(frozen=True)
class Agents(Environment):
    """Three turns with a calculator, two forks with two further turns each, and two seats."""

    async def play(self, task, policy):
        chat = not isinstance(task.prompt, str)
        async with Toolbox.open((calc,), task) as box:
            reply = await policy(task.prompt, **{"tools": box.schemas} if chat else {})
            for number in (3, 4):
                made = ToolCall(name="calc", arguments={"expression": f"{number}*7"})
                results = await box.answer(reply.calls or (made,))
                words = "".join(f"\n{message['content']}\n" for message in results)
                reply = await policy(results if chat else words)
        trunk, branch = policy.fork(2)
        leaves = enumerate((trunk, *branch.fork(2)))
        await asyncio.gather(*(further(leaf, n) for n, leaf in leaves), seated(task, policy))


async def further(leaf, number):
    """Two turns; the second goes on with what was said."""
    await leaf(f"{number}?")
    await leaf("")
    leaf.end(graded(leaf, number))


async def seated(task, policy):
    """White and black hear what the other one said, five turns each."""
    white, black = policy.seat("white"), policy.seat("black")
    chat = not isinstance(task.prompt, str)
    heard: Any = task.prompt
    for _ in range(5):
        said = f"{await white(heard)}|"
        heard = f"{await black(({'role': 'user', 'content': said},) if chat else said)}|"
    white.end(graded(white, 5))
    black.end(graded(black, 7))


def graded(policy, salt):
    """A verdict of a conversation's own, so that those of a group differ."""
    return Verdict.points((policy.seed + salt) % 11 / 10, correct=False)


def tasks(form):
    """Two questions as plain text, or one as a chat, which has many more tokens."""
    if form == PLAIN:
        return [Task(id=question, prompt=question) for question in ("3+4=", "sort 5 3 9=")]
    return [Task(id="chat", prompt=({"role": "user", "content": "3+4="},))]


@lru_cache
def words(form):
    """The renderer of a form: characters, or byte pairs with a chat template."""
    return renderer(CharacterTokenizer().build() if form == PLAIN else tokenizer("bytes", form))


@lru_cache
def model_of(architecture, form):
    """A random model with the vocabulary of a form's tokenizer; it is never changed."""
    size = len(words(form).tokenizer)
    return tiny(architecture, vocab_size=size, max_position_embeddings=1024)


def player_of(architecture, form, environment=None, **sizes):
    """A player of a copy of the model."""
    said = words(form)
    backbone = Backbone(deepcopy(model_of(architecture, form)))
    generator = EmbeddedGenerator(backbone, said.text, said.ends, **sizes)
    return RolloutPlayer(generator, said, environment or Agents())


def learner_of(architecture, form, budget=10**6):
    """A learner of a copy of the model."""
    model = deepcopy(model_of(architecture, form))
    return EmbeddedLearner(Backbone(model), words(form).tokenizer, budget)


def requests(form, how=HOW, seeds=SEEDS):
    """One for each task; every play of a chat begins with the call of a tool."""
    prefix = words(form).reply_ids(CALLS[form]) if form in CALLS else ()
    return [Request.of(task, seeds, how, prefix) for task in tasks(form)]


def played(player, asked) -> list[Group]:
    """All requests at once."""

    async def all_of_them():
        return await asyncio.gather(*map(player.play, asked))

    return [group for groups in asyncio.run(all_of_them()) for group in groups]


@lru_cache
def talked(architecture, form, how=HOW) -> tuple[Group, ...]:
    """The groups of the conversations above."""
    return tuple(played(player_of(architecture, form), requests(form, how)))


def reference_logp(model, rollout: Rollout):
    """Log-probs of the chosen tokens by one full forward of transformers, without a cache.

    They are those of the distribution over the tokens that truncation kept.
    """
    row, chosen = torch.tensor(rollout.token_ids.tolist()), torch.tensor(rollout.action_mask)[1:]
    logits = model(row[None], use_cache=False).logits[0, :-1][chosen]
    left = torch.ones_like(logits, dtype=torch.bool)
    for place, held in enumerate(rollout.columns.get(KEPT, ())):
        if held != WHOLE:
            left[place] = False
            left[place, np.frombuffer(held, np.int32).tolist()] = True
    scores = (logits / rollout.decoding.logp_temperature).masked_fill(~left, -torch.inf)
    return scores.log_softmax(-1).gather(1, row[1:][chosen][:, None])[:, 0]


@lru_cache
def forwarded(architecture, form, how=HOW):
    """A copy of the model, and its log-probs of the conversations' rollouts with a gradient."""
    model, groups = deepcopy(model_of(architecture, form)), talked(architecture, form, how)
    return model, [reference_logp(model, rollout) for group in groups for rollout in group]


def leaves_through(rollouts) -> list[list[int]]:
    """For each chosen token of each rollout, the number of rollouts that share it."""
    known = {rollout.id: rollout for rollout in rollouts}

    def owner(rollout, place):
        while rollout.parent and place < rollout.forked_at:
            rollout = known[rollout.parent]
        return rollout.id, place

    found = [[owner(rollout, place) for place in range(rollout.length)] for rollout in rollouts]
    count = Counter(token for row in found for token in row)
    return [[count[token] for token in row] for row in found]

"""A generator that says given replies, each closed by an end token, and conversations with it."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from echoing import NEW

from whet.protocols import Generator
from whet.rollouts.player import RolloutPlayer
from whet.types import Decoding, Finish, Request
from whet.types.completions import Completion


@dataclass
class Saying(Generator):
    """Says the given replies in turn; a reply that ends with "…" is cut off."""

    renderer: Any
    closing: int
    replies: list[str]
    prompts: list[list[int]] = field(default_factory=list)

    def held(self):
        return NEW

    async def generate(self, prompt, how, *, seed, offset=0, session, fork_of="", said=0):  # noqa: PLR0913
        self.prompts.append([*prompt])
        text = self.replies[len(self.prompts) - 1]
        cut = text.endswith("…")
        ends = () if cut else (self.closing,)
        words = [*self.renderer.reply_ids(text.removesuffix("…")), *ends]
        zeros = np.zeros(len(words), np.float32)
        return Completion(
            token_ids=np.array(words, np.int32),
            logp=zeros - 1,
            entropy=zeros,
            spans=((len(words), NEW),),
            columns={},
            finish=Finish.LENGTH if cut else Finish.STOP,
        )

    async def update(self, weights, flight):
        return NEW

    def end(self, session):
        pass

    def token_counts(self):
        return {}


def conversation(renderer, closing, replies, environment, task):
    """The rollouts of one play in which the policy says these replies, and the generator."""
    generator = Saying(renderer, closing, replies)
    player = RolloutPlayer(generator, renderer, environment)
    groups = asyncio.run(player.play(Request.of(task, (0,), Decoding())))
    return [rollout for group in groups for rollout in group], generator

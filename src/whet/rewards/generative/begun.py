"""Judges whose chat template has begun their thoughts."""

from dataclasses import dataclass, replace

from whet.protocols import ChatModel
from whet.rewards.generative.quotations import CLOSE, OPEN
from whet.types import ChatDecoding, ChatReply, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunThoughts:
    """`inner`, a model whose replies are `…</think>answer`: its template ends in `<think>`.

    DeepSeek-R1 and QwQ are so where the server has no reasoning parser.  The tag is put back, so
    that the end of the thoughts can't be a quotation.  Do not use it for a model that has no such
    template.
    """

    inner: ChatModel

    async def complete(
        self, messages: tuple[Message, ...], decoding: ChatDecoding
    ) -> tuple[ChatReply, ...]:
        """The replies of `inner`, with `<think>` in front of those that have thoughts."""
        replies = await self.inner.complete(messages, decoding)
        return tuple(
            replace(reply, text=f"{OPEN}{reply.text}")
            if CLOSE in reply.text and OPEN not in reply.text
            else reply
            for reply in replies
        )

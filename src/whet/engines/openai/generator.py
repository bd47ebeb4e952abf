"""A policy behind a chat server, for evaluation only.

The server takes messages and shows no tokens.  So a message is one opaque id here, and the further
tokens of a reply, which the server only counts, are −1.  Its own counts are in the column `COUNTED`
(`whet.types.completions`), and log-probs are NaN.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import nan
from typing import Any

import numpy as np
from numpy import ndarray

from whet.engines.openai.server import Server
from whet.engines.openai.transport import Busy, ServerError
from whet.protocols import Generator
from whet.rollouts.chats import chat_of, continued
from whet.rollouts.player import RolloutPlayer
from whet.types import (
    ChatReply,
    Decoding,
    Fault,
    IntegrityError,
    Message,
    Prompt,
    Rollout,
    Task,
    UsageError,
    Version,
)
from whet.types.completions import COUNTED, Completion
from whet.types.messages import ASSISTANT, content_of, messages_of
from whet.types.weights import Flight, Weights

_UNKNOWN = -1  # a token that the server counts but does not show
_FIRST = 2**30  # the id of the first message: no tokenizer has so many tokens


@dataclass(slots=True)
class MessageTable:
    """Messages by their ids, until their session ends."""

    known: dict[int, Message] = field(default_factory=dict)
    _ids: count = field(default_factory=lambda: count(_FIRST))

    def add(self, message: Message) -> int:
        """A new id for a message."""
        number = next(self._ids)
        self.known[number] = message
        return number

    def messages(self, ids: Sequence[int]) -> tuple[Message, ...]:
        """The messages among ids, in order.  Raises `UsageError` for the ids of a tokenizer."""
        given = [number for number in ids if 0 <= number < _FIRST]
        if given:
            raise UsageError(
                f"play.prefix has {len(given)} given tokens, which a chat server can't continue; "
                "use an engine that has the weights"
            )
        return tuple(self.known[number] for number in ids if number != _UNKNOWN)


@dataclass(frozen=True, slots=True)
class ChatRenderer:
    """One id per message."""

    table: MessageTable
    ends: frozenset[int] = frozenset()  # a server shows no tokens
    vocabulary: str = ""

    def opening(self, prompt: Prompt, tools: Sequence[Mapping[str, Any]] = ()) -> tuple[int, ...]:
        """The ids of a prompt: plain text becomes a user message, a chat stays as it is.

        Raises `UsageError` for tools, for a last message of the assistant, which a server would not
        continue, and for images, audio and video.
        """
        if tools:
            raise UsageError(
                f"task.tools has {len(tools)} tools, which are not sent to a chat server; leave "
                "them out, or use an engine that has the weights"
            )
        chat = chat_of(messages_of(prompt))
        if continued(chat):
            raise UsageError(
                f"the last message of the prompt is the assistant's {chat[-1]['content']!r:.80}, "
                "which a chat server can't continue; leave it out, or use an engine that has the "
                "weights"
            )
        return tuple(map(self.table.add, chat))

    def following(self, observation: Prompt, said: Sequence[int] = ()) -> tuple[int, ...]:
        """The ids of a later observation, by the same rule."""
        del said
        return self.opening(observation) if observation else ()

    def heard(self, prompt: Prompt, ids: Sequence[int]) -> tuple[Message, ...]:
        """The messages of a prompt; a server does not tell whether its template opens a thought."""
        del ids
        return messages_of(prompt) if prompt else ()

    def pieces(self, ids: Sequence[int]) -> tuple[str, ...]:
        """The content of each message."""
        return tuple(self.text((number,)) for number in ids)

    def notes(self) -> tuple[str, ...]:
        """None: what the server's template leaves out is not seen here."""
        return ()

    def check_turns(self) -> None:
        """Nothing to check: the server renders every conversation anew."""

    def check_results(self) -> None:
        """Nothing to check: tools are refused in the opening."""

    def facts(self) -> Mapping[str, Any]:
        """None: the server's template is not seen here."""
        return {}

    def text(self, ids: Sequence[int]) -> str:
        """The content of the messages."""
        return "".join(map(content_of, self.table.messages(ids)))

    def char_ends(self, ids: Sequence[int], text: str) -> None:
        """Unknown: the server shows no tokens."""
        del ids, text

    def calls(self, text: str, tools: Sequence[Mapping[str, Any]]) -> tuple[str, tuple[()]]:
        """None: a server is shown no tools."""
        del tools
        return text, ()

    def reply_ids(self, text: str) -> tuple[int, ...]:
        """Raise `UsageError`: a server continues no reply."""
        raise UsageError(
            f"{text!r:.40} can't be forced into a reply of a chat server; use an engine that has "
            "the weights"
        )

    def closed_ids(self, task: Task, reply: str) -> tuple[int, ...]:
        """Raise `UsageError`: only a tokenizer can make a demonstration."""
        raise self._no_demonstration(task)

    def demonstration(self, task: Task, reply: str) -> Rollout:
        """Raise `UsageError`: only a tokenizer can make a demonstration."""
        raise self._no_demonstration(task)

    def _no_demonstration(self, task: Task) -> UsageError:
        return UsageError(
            f"task {task.id!r} has a demonstration, which a chat server can't put into tokens; use "
            "an engine that has the weights"
        )


@dataclass(slots=True)
class ServedGenerator(Generator):
    """Asks the server for the next message.  Log-probs are NaN, so training fails.

    A reply that the server gave and that can't be used, such as a call of a tool that was not sent,
    is a fault of its play.  A server that refuses a question, or is gone, ends the evaluation.
    """

    server: Server
    table: MessageTable = field(default_factory=MessageTable)
    answered: int = 0  # replies so far
    _sessions: dict[str, set[int]] = field(default_factory=dict)  # ids of messages

    def held(self) -> Version:
        """The server's name for its model; its weights can't be seen."""
        return Version(step=0, digest=f"served:{self.server.model}")

    async def generate(  # noqa: PLR0913  (the signature is the protocol's)
        self,
        prompt: Sequence[int],
        how: Decoding,
        *,
        seed: int,
        offset: int = 0,
        session: str,
        fork_of: str = "",
        said: int = 0,
    ) -> Completion:
        """The server's next message.  A reply has the place of one token at least.

        Raises `UsageError` where the policy spoke last, for a chat server begins a new message, and
        where the server refuses the question, or never answered one; `IntegrityError` where it no
        longer answers; `Fault` for a reply that can't be used.
        """
        del fork_of, said
        known = self._sessions.setdefault(session, set())
        known.update(prompt)
        messages = self.table.messages(prompt)
        if messages and messages[-1]["role"] == ASSISTANT:
            raise UsageError(
                "observation is empty, but a chat server can't go on within a reply; give it a text"
            )
        reply = await self._said(messages, how, seed + offset)
        number = self.table.add({"role": ASSISTANT, "content": reply.text})
        known.add(number)
        size = max(reply.reply_tokens, 1)
        ids = np.full(size, _UNKNOWN, np.int32)
        ids[0] = number
        told = (reply.prompt_tokens, reply.reply_tokens) if reply.prompt_tokens else (-1, -1)
        counted = np.zeros((size, 2), np.int64)
        counted[0] = told
        columns: dict[str, ndarray] = {COUNTED: counted}
        return Completion(
            token_ids=ids,
            logp=np.full(size, nan, np.float32),
            entropy=None,
            spans=((size, self.held()),),
            columns=columns,
            finish=reply.finish,
        )

    async def _said(self, messages: tuple[Message, ...], how: Decoding, seed: int) -> ChatReply:
        try:
            reply = await self.server.say(messages, how, seed)
        except ServerError as error:
            raise self._explained(error, messages) from error
        self.answered += 1
        return reply

    def _explained(self, error: ServerError, messages: Sequence[Message]) -> Exception:
        if isinstance(error, Busy) and self.answered:
            return IntegrityError(
                f"the server no longer answers ({error}), after {self.answered} replies; what "
                "--out keeps stays, and the same command goes on from there"
            )
        if error.status and not isinstance(error, Busy):
            asked = content_of(messages[-1])
            return UsageError(
                f"the server refuses the question {asked!r:.60} ({error}); change what it names, "
                "or leave the question out"
            )
        if not self.answered:
            return UsageError(
                f"server.urls is {', '.join(self.server.urls)}, where no chat server answers "
                f"({error}); start one, or give the address that its /chat/completions is below"
            )
        return Fault(str(error))

    async def update(self, weights: Weights, flight: Flight) -> Version:
        """Raise `UsageError`: the weights are the server's own."""
        del flight
        raise UsageError(
            f"server {self.server.model!r} can't take {len(weights.tensors)} new weights; it can "
            "be measured, not trained"
        )

    def end(self, session: str) -> None:
        """Forget the session's messages, but for those that another session has, too."""
        gone = self._sessions.pop(session, set()).difference(*self._sessions.values())
        for number in gone:
            self.table.known.pop(number, None)

    def token_counts(self) -> Mapping[str, int]:
        """Tokens read and said since the start, as the server counts them."""
        usage = self.server.usage()
        return {
            "prefilled": int(usage["prompt_tokens"]),
            "shared": 0,
            "decoded": int(usage["reply_tokens"]),
        }


def served(server: Server) -> RolloutPlayer:
    """The player with the model of a chat server as its policy."""
    generator = ServedGenerator(server)
    return RolloutPlayer(generator, ChatRenderer(generator.table))

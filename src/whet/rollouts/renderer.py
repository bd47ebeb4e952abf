"""Conversion of text to token ids and back; every text is tokenised once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import numpy as np
from jaxtyping import Int32
from numpy import ndarray

from whet.calls.call_format import Calls
from whet.rollouts.chat_probe import ChatProbe
from whet.rollouts.chat_settings import ChatSettings
from whet.rollouts.chats import check_text
from whet.rollouts.declared_glue import DeclaredGlue
from whet.rollouts.demonstrated import reply_ids, worded
from whet.rollouts.dropped import Tools
from whet.rollouts.glue import TemplateGlue
from whet.rollouts.plain_text import PlainText
from whet.rollouts.special_tokens import Tokenizer
from whet.rollouts.templates import ChatTemplate
from whet.rollouts.tool_forms import ToolForms
from whet.rollouts.vocabularies import vocabulary_digest
from whet.types import Act, Message, Prompt, Rollout, Task, UsageError
from whet.types.messages import ASSISTANT, messages_of, text_of

_THOUGHT, _TAIL = "<think>", 16  # the tag that opens a thought, and the ids that may hold it
_UNFINISHED = "\ufffd"  # decoding of an incomplete multi-byte character


@dataclass(slots=True)
class TextRenderer:
    """Conversion of text to token ids and back, with one model's tokenizer."""

    tokenizer: Tokenizer
    ends: frozenset[int]  # end-token ids
    today: str = ""  # ISO date that the chat template prints; empty: the present day
    settings: ChatSettings = ChatSettings()  # of the chat template
    template: ChatTemplate = field(init=False)
    _glue: TemplateGlue | DeclaredGlue = field(init=False)
    _forms: ToolForms = field(init=False)
    _closing: tuple[int, ...] | None = None  # of a chat reply
    _pieces: dict[int, str] = field(default_factory=dict)
    _last: tuple[str | None, list[int]] = (
        None,
        [],
    )  # last text and its ids, because a group shares its prompt

    def __post_init__(self) -> None:
        self.template = ChatTemplate(self.tokenizer, self.today, self.settings)
        self._forms = ToolForms(self.template)
        declared = self.settings.glue
        self._glue = (
            TemplateGlue(self.template, self.ends)
            if declared is None
            else DeclaredGlue(self.template, self.ends, declared)
        )

    @property
    def vocabulary(self) -> str:
        """Digest of the tokenizer's tokens and their ids."""
        return vocabulary_digest(self.tokenizer)

    def opening(self, prompt: Prompt, tools: Tools = ()) -> tuple[int, ...]:
        """Token ids of the first prompt of a conversation.

        A chat goes through the tokenizer's template, up to the start of the assistant's turn; a
        last message of the assistant is continued.  Strings of special tokens in it are text.

        In plain text they are special tokens, because it may be a rendered chat.  A first token
        that the text has already is not added again, and the end token that some tokenizers append
        is removed.

        Raises `UsageError` for a prompt without tokens, for tools without a chat, for a chat
        without a template, and for a chat that the template does not accept or does not show.
        """
        if isinstance(prompt, str):
            if tools:
                raise UsageError(
                    f"prompt {prompt!r:.80} is plain text, which can't show {len(tools)} tools; "
                    "give a chat"
                )
            if prompt != self._last[0]:
                self._last = prompt, PlainText(self.tokenizer, self.ends).ids(prompt)
            ids: Any = self._last[1]
        else:
            ids = self.template.ids(*self._forms.opened(prompt, tools))
        if not ids:
            raise UsageError(f"prompt {prompt!r} has no tokens; give at least one")
        return tuple(ids)

    def heard(self, prompt: Prompt, ids: Sequence[int]) -> tuple[Message, ...]:
        """The messages of a prompt or a later observation with these ids.

        Where the template opens a thought for the reply, the last one is the assistant's with the
        opening tag, so that judges know that the reply begins inside it.
        """
        asked = messages_of(prompt) if prompt else ()
        if isinstance(prompt, str) or text_of(asked[-1:]).rstrip().endswith(_THOUGHT):
            return asked
        opened = self._decoded(ids[-_TAIL:]).rstrip().endswith(_THOUGHT)
        return (*asked, {"role": ASSISTANT, "content": f"{_THOUGHT}\n"}) if opened else asked

    def following(self, observation: Prompt, said: Sequence[int] = ()) -> tuple[int, ...]:
        """Token ids of an observation behind a reply with the ids `said`.

        Plain text stands behind the reply as it is, without the space that some tokenizers put
        before a text; empty text continues the reply.  Chat messages are put behind the reply as
        the template does it (`whet.rollouts.glue`).  Special tokens in either are plain text, so
        an observation cannot end a turn.

        Raises `UsageError` for chat messages that the template does not take, or does not show.
        """
        if not isinstance(observation, str):
            return self._glue.ids(observation, said)
        check_text(observation, "observation")
        return tuple(self.template.quoted(observation))

    def calls(self, text: str, tools: Tools) -> tuple[str, Calls]:
        """The words of a reply without its calls of these tools, and the calls.

        Their format is the declared one, else that in which the chat template shows a call, else
        that of Hermes.  A
        thought that was opened before the reply has to stand in front of the text.
        """
        return self._forms.calls.for_tools(tools).read(text)

    def check_turns(self) -> None:
        """Raise `UsageError` where no later message of the user can follow a reply."""
        self._probe().check_turns()

    def check_results(self) -> None:
        """Raise `UsageError` where no result of a tool can follow a reply."""
        self._probe().check_results()

    def facts(self) -> Mapping[str, Any]:
        """What the chat template does, for the card of a run; empty without a template."""
        return self._probe().facts()

    def _probe(self) -> ChatProbe:
        return ChatProbe(self.template, self._glue, self._forms)

    def reply_ids(self, text: str) -> tuple[int, ...]:
        """Token ids of a text within a reply; names of special tokens are these tokens."""
        return tuple(self.template.specials.middle(text))

    def demonstration(self, task: Task, reply: str) -> Rollout:
        """A rollout with this reply as external tokens, with probability 1.

        A reply to a chat is said and closed as the template does it, a reply to plain text closed
        by the end token of the tokenizer.  A reply that ends with an end token is closed already.
        """
        prompt = self.opening(task.prompt, task.tools)
        own, text = self._closed_reply(task, reply)
        asked = self.heard(task.prompt, prompt)
        start, stop = len(prompt), len(prompt) + len(own)
        ends = self.char_ends(own, text)
        return Rollout(
            task=task,
            seed=0,
            token_ids=np.array(prompt + own, np.int32),
            action_mask=np.arange(stop) >= start,
            behaviour_logp=np.zeros(len(own), np.float32),
            columns={} if ends is None else {"char_ends": ends},
            acts=(Act(start=start, stop=stop, message=len(asked)),),
            messages=(*asked, {"role": ASSISTANT, "content": text}),
        ).sealed()

    def closed_ids(self, task: Task, reply: str) -> tuple[int, ...]:
        """The ids of a `demonstration`, without its prompt."""
        return self._closed_reply(task, reply)[0]

    def _closed_reply(self, task: Task, reply: str) -> tuple[tuple[int, ...], str]:
        """The ids of a reply with what closes it, and its text."""
        said, own = self._said_as(task, reply)
        closed = own[-1:] and own[-1] in self.ends
        ids = (*own, *(() if closed else self._close(task.prompt)))
        return ids, self.text(ids) if closed or said != reply else reply

    def _said_as(self, task: Task, reply: str) -> tuple[str, list[int]]:
        """A reply as its template says it, and its ids."""
        if isinstance(task.prompt, str):
            return reply, self.template.specials.middle(reply)
        chat, tools = self._forms.opened(task.prompt, task.tools)
        said = worded(self.template, chat, tools, reply)
        return said, reply_ids(self.template, chat, tools, said)

    def _close(self, prompt: Prompt) -> tuple[int, ...]:
        if isinstance(prompt, str):
            return (end_token(self.tokenizer),)
        return self._closed() or (end_token(self.tokenizer),)

    def notes(self) -> tuple[str, ...]:
        """What the template did to the chats so far that is no error, a sentence each."""
        known = tuple(self.template.notes)
        unmarked = self.template.closing_text()
        if unmarked and not self._closed():
            end = self._piece(end_token(self.tokenizer))
            return (
                *known,
                f"the chat template closes a reply with {unmarked!r:.40}, which is no special "
                f"token, so replies end with {end!r} alone",
            )
        return known

    def text(self, ids: Sequence[int]) -> str:
        """Decode ids of a reply.

        Special tokens stay, except what closes the reply and padding behind it.
        """
        return self._decoded(self._said(ids))

    def _said(self, ids: Sequence[int]) -> list[int]:
        """The ids before the end token that closes them."""
        said = [*ids]
        pad = self.tokenizer.pad_token_id
        size = len(said)
        while size and said[size - 1] == pad:
            size -= 1
        if size < len(said) and (pad in self.ends or size and said[size - 1] in self.ends):
            said = said[:size]
        closing = [*self._closed()]
        if len(closing) > 1 and said[-len(closing) :] == closing:
            return said[: -len(closing)]
        return said[:-1] if said and said[-1] in self.ends else said

    def _closed(self) -> tuple[int, ...]:
        """What the template puts behind a reply; () where nothing special does."""
        if self._closing is None:
            self._closing = self.template.closing(self.ends)
        return self._closing

    def _decoded(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode([*ids], skip_special_tokens=False))

    def pieces(self, ids: Sequence[int]) -> tuple[str, ...]:
        """The text of each id by itself, as within a text; special tokens by their names."""
        before = self.tokenizer.encode("0", add_special_tokens=False)
        head = self._decoded(before)
        whole = [self._decoded([*before, token]) for token in ids]
        pairs = zip(whole, ids, strict=True)
        return tuple(
            text[len(head) :] if text.startswith(head) else self._piece(token)
            for text, token in pairs
        )

    def char_ends(self, ids: Sequence[int], text: str) -> Int32[ndarray, " n"] | None:
        """Number of characters of `text`, the decoded ids, that are complete after each id.

        A character of several tokens is complete after the last one. None if the pieces do not add
        up to the text.
        """
        said = self._said(ids)
        pieces = [self._piece(token) for token in said]
        if "".join(pieces) == text:
            counts: Iterator[int] = accumulate(map(len, pieces))
        else:
            counts = _growing(self._decoded, said)
        ends = [*counts]
        ends += [len(text)] * (len(ids) - len(said))
        return np.array(ends, np.int32) if ends and ends[-1] == len(text) else None

    def _piece(self, token: int) -> str:
        if token not in self._pieces:
            self._pieces[token] = self._decoded((token,))
        return self._pieces[token]


def end_token(tokenizer: Tokenizer) -> int:
    """The id of the end-of-sequence token."""
    if tokenizer.eos_token_id is None:
        raise UsageError("the tokenizer has no end-of-sequence token; set eos_token in its config")
    unknown = tokenizer.eos_token_id == tokenizer.unk_token_id
    if unknown and tokenizer.eos_token != tokenizer.unk_token:
        raise UsageError(
            f"eos_token {tokenizer.eos_token!r} is not in the tokenizer's vocabulary; set another "
            "in its config, or add it"
        )
    return tokenizer.eos_token_id


def _growing(text: Callable[[Sequence[int]], str], ids: Sequence[int]) -> Iterator[int]:
    """Decode each piece after the previous one, which decides on leading spaces."""
    before, start, out = 0, 0, 0
    for end in range(1, len(ids) + 1):
        known = text(ids[before:start])
        fresh = text(ids[before:end])
        if fresh.endswith(_UNFINISHED) and end < len(ids):
            yield out
            continue
        out += len(fresh) - len(known)
        before, start = start, end
        yield out

"""The glue of a chat: what its template puts between two replies of the policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from json import dumps
from typing import Any

from whet.rollouts.chats import chat_of
from whet.rollouts.dropped import DroppedParts, Messages, Tools
from whet.rollouts.glue_text import GlueText
from whet.rollouts.special_tokens import QuoteMarks
from whet.rollouts.templates import OPENED, WHOLE, ChatTemplate
from whet.rollouts.tool_results import (
    AWKWARD,
    CALL_ID,
    OTHER_CALL_IDS,
    RESULTS_AS_USER,
    as_user,
    with_call_ids,
)
from whet.types import Message, UsageError
from whet.types.messages import ASSISTANT, TOOL, USER

_ASKED, _SAID = "whetquestion", "whetanswer"
_RESULT = {"role": TOOL, "name": "probe", "content": AWKWARD}


@dataclass(slots=True)
class TemplateGlue:
    """Ids of new messages behind a reply, up to the first token of the next reply.

    The template never renders what the policy said, because it may change it.  It renders the new
    messages behind a stand-in reply, and what it prints behind the stand-in is the glue: the end of
    the reply, the messages, and the opening of the next reply.  So a conversation only grows.
    """

    template: ChatTemplate
    ends: frozenset[int]  # end-token ids
    _dropped: DroppedParts = field(init=False)
    _shows_results: bool | None = None  # whether the template has a form for results of tools

    def __post_init__(self) -> None:
        self._dropped = DroppedParts(self._tried)

    def ids(self, messages: Sequence[Message], said: Sequence[int]) -> tuple[int, ...]:
        """Ids of the messages behind a reply with the ids `said`.

        Where the reply ended with an end token, the glue begins behind what closes it.  A reply
        that was cut off is closed first, and the glue's tokens are not the policy's.  Strings of
        special tokens in contents are text.

        Raises `UsageError` for messages of the assistant, and where the template does not take the
        messages, leaves a part of them out, or prints the stand-in reply in no known way.
        """
        chat = chat_of(messages)
        check_others(chat)
        if not any(message["role"] == TOOL for message in chat):
            return self._ids(chat, said)
        if self._shows():
            return self._with_results(chat, said)
        self.template.notes[RESULTS_AS_USER] = None
        return self._ids(as_user(chat), said)

    def _with_results(self, chat: Messages, said: Sequence[int]) -> tuple[int, ...]:
        """Ids with results in the template's own form; other ids of calls where it takes none."""
        named = with_call_ids(chat)
        try:
            return self._ids(named, said)
        except UsageError:
            other = with_call_ids([{k: m[k] for k in m if k != CALL_ID} for m in chat])
            if other == named:
                raise
            found = self._ids(other, said)
            self.template.notes[OTHER_CALL_IDS] = None
            return found

    def _shows(self) -> bool:
        """Whether the template tells how the result of a tool follows its call."""
        if self._shows_results is None:
            try:
                self._ids(with_call_ids([_RESULT]), ())
                self._shows_results = True
            except UsageError:
                self._shows_results = False
        return self._shows_results

    def _ids(self, chat: Messages, said: Sequence[int]) -> tuple[int, ...]:
        quoted = dumps(chat, ensure_ascii=False)
        marks, word = QuoteMarks.unused(quoted), _unused(quoted)
        marked = [self.template.marked(message, marks) for message in chat]
        text = marks.restored(self._rest(marked, word))
        self._dropped.check(chat, (), marks.removed(text))
        return self._parted(chat, text, word).ids(self.template, self.ends, marks, said)

    def _tried(self, chat: Messages, tools: Tools) -> str | None:
        del tools
        try:
            return self._rest(chat, _SAID)
        except UsageError:
            return None

    def _rest(self, chat: Messages, word: str) -> str:
        """What a rendering has behind a stand-in reply, with the opening of the next one."""
        return self._behind([*_history(chat, word), *chat], OPENED, word)

    def _behind(self, talk: Messages, ending: Mapping[str, bool], word: str) -> str:
        text = self.template.rendered(talk, (), ending)
        if text.count(word) != 1:
            raise UsageError(
                f"the tokenizer's chat template prints a reply {text.count(word)} times; use a "
                "template that prints it once"
            )
        return text.partition(word)[2]

    def _parted(self, chat: Messages, text: str, word: str) -> GlueText:
        """The glue of a rendering's text behind the stand-in reply."""
        tail = self._behind(_history(chat, word), WHOLE, word)
        end = self._end(tail)
        if chat[0]["role"] == TOOL:
            tail, text = self._behind_call(tail, text, end)
            end = self._end(tail)
        if end < 0:
            return GlueText(body=text)
        closing = self._tokens(tail[:end])
        stop, lead = 0, len(text) - len(text.lstrip())
        found: list[int] = []
        while len(found) < len(closing):
            stop += len(text[stop:]) - len(text[stop:].lstrip())
            match = self.template.pattern.match(text, stop)
            if match is None:
                raise UsageError(
                    f"the tokenizer's chat template closes a last reply with {tail!r:.40}, and an "
                    f"earlier one with {text!r:.40}; use a template that closes both alike"
                )
            found.append(self.template.specials.added[match[0]])
            stop = match.end()
        return GlueText(lead=text[:lead], closing=tuple(found), body=text[lead:])

    def _behind_call(self, tail: str, text: str, end: int) -> tuple[str, str]:
        """Both without the end of the stand-in call itself, such as its closing brackets."""
        own = tail[: self._end_start(tail)] if end >= 0 else tail
        if not text.startswith(own):
            raise UsageError(
                f"the tokenizer's chat template ends a last call with {tail!r:.40}, and an earlier "
                f"one with {text!r:.40}; use a template that ends both alike"
            )
        return tail[len(own) :], text[len(own) :]

    def _end(self, tail: str) -> int:
        """Where the first end token of a text stops; −1 without one."""
        found = (m.end() for m in self._marks_of_end(tail))
        return next(found, -1)

    def _end_start(self, tail: str) -> int:
        return next(m.start() for m in self._marks_of_end(tail))

    def _marks_of_end(self, tail: str) -> Any:
        added = self.template.specials.added
        return (m for m in self.template.pattern.finditer(tail) if added[m[0]] in self.ends)

    def _tokens(self, text: str) -> list[int]:
        return [self.template.specials.added[name] for name in self.template.pattern.findall(text)]


def _unused(text: str) -> str:
    """A stand-in reply that the text does not hold."""
    word = _SAID
    while word in text:
        word += "x"
    return word


def _history(chat: Messages, word: str) -> Messages:
    """A question and a stand-in reply; a call where the messages begin with its result."""
    first = chat[0]
    said: dict[str, Any] = {"role": ASSISTANT, "content": word}
    if first["role"] == TOOL:
        asked = {"name": first.get("name") or "tool", "arguments": {"q": word}}
        call = {"id": first[CALL_ID], "type": "function", "function": asked}
        said = {"role": ASSISTANT, "tool_calls": [call]}
    return [{"role": USER, "content": _ASKED}, said]


def check_others(chat: Messages) -> None:
    """Raise `UsageError` for an observation with a message of the assistant."""
    for place, message in enumerate(chat, 1):
        if message["role"] == ASSISTANT:
            raise UsageError(
                f"message {place} of the observation is the assistant's, whose messages the policy "
                "samples; send messages of others"
            )

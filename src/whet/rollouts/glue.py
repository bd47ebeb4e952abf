"""The glue of a chat: what its template puts between two replies of the policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from json import dumps
from typing import Any

from whet.rollouts.chats import chat_of
from whet.rollouts.dropped import Chat, DroppedParts, Tools
from whet.rollouts.special_tokens import QuoteMarks
from whet.rollouts.templates import OPENED, WHOLE, ChatTemplate
from whet.types import Message, UsageError
from whet.types.messages import ASSISTANT, TOOL, USER

_ASKED, _SAID = "whetquestion", "whetanswer"
_CALL_ID = "whetcall1"  # Mistral's templates take nothing but nine letters or digits
_RESULT = {"role": "tool", "name": "probe", "tool_call_id": _CALL_ID, "content": "whetresult"}
RESULTS_AS_USER = "the chat template shows no results of tools, so they go as messages of the user"


@dataclass(slots=True)
class Glue:
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
        chat = self._told(chat_of(messages))
        marks = QuoteMarks.unused(dumps(chat, ensure_ascii=False))
        text = marks.restored(self._rest([self.template.marked(m, marks) for m in chat]))
        self._dropped.check(chat, (), marks.removed(text))
        lead, closing, body = self._parted(chat, text)
        ids = self._encoded(body, marks)
        if not said or said[-1] not in self.ends:
            return (*self.template.specials.middle(lead), *ids)
        if not closing:
            return tuple(ids[1:] if ids[:1] == [said[-1]] else ids)
        if ids[: len(closing)] != closing:
            raise UsageError(
                f"the tokenizer reads {body!r:.60} without the tokens that close a reply; use "
                "another chat template"
            )
        return tuple(ids[len(closing) :])

    def _told(self, chat: Chat) -> Chat:
        """The messages; results of tools as messages of the user where the template has no form."""
        for place, message in enumerate(chat, 1):
            if message["role"] == ASSISTANT:
                raise UsageError(
                    f"message {place} of the observation is the assistant's, whose messages the "
                    "policy samples; send messages of others"
                )
        if not any(message["role"] == TOOL for message in chat):
            return chat
        if self._results():
            return [{**_named(message), **message} for message in chat]
        self.template.notes[RESULTS_AS_USER] = None
        return _as_user(chat)

    def _results(self) -> bool:
        """Whether the template shows the result of a tool behind its call."""
        if self._shows_results is None:
            try:
                self._shows_results = "whetresult" in self._rest([_RESULT])
            except UsageError:
                self._shows_results = False
        return self._shows_results

    def _tried(self, chat: Chat, tools: Tools) -> str | None:
        del tools
        try:
            return self._rest(chat)
        except UsageError:
            return None

    def _rest(self, chat: Chat) -> str:
        """What a rendering has behind the stand-in reply, with the opening of the next one."""
        return self._behind([*_history(chat), *chat], OPENED)

    def _behind(self, talk: Chat, ending: Mapping[str, bool]) -> str:
        text = self.template.rendered(talk, (), ending)
        if text.count(_SAID) != 1:
            raise UsageError(
                f"the tokenizer's chat template prints a reply {text.count(_SAID)} times; use a "
                "template that prints it once"
            )
        return text.partition(_SAID)[2]

    def _parted(self, chat: Chat, text: str) -> tuple[str, list[int], str]:
        """Spaces before what closes a reply, the ids that close it, and the glue from there on."""
        tail = self._behind(_history(chat), WHOLE)
        end = self._end(tail)
        if chat[0]["role"] == TOOL:
            tail, text = self._behind_call(tail, text, end)
            end = self._end(tail)
        if end < 0:
            return "", [], text
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
        return text[:lead], found, text[lead:]

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

    def _encoded(self, body: str, marks: QuoteMarks) -> list[int]:
        """Ids of the glue; where it begins with a special token, no space stands before it."""
        specials = self.template.specials
        if self.template.pattern.match(body):
            return specials.encode(body, marks)
        return specials.encode_within(body, marks)


def _history(chat: Chat) -> Chat:
    """A question and a stand-in reply; a call where the messages begin with its result."""
    first = chat[0]
    said: dict[str, Any] = {"role": ASSISTANT, "content": _SAID}
    if first["role"] == TOOL:
        asked = {"name": first.get("name") or "tool", "arguments": {"q": _SAID}}
        name = first.get("tool_call_id") or _CALL_ID
        call = {"id": name, "type": "function", "function": asked}
        said = {"role": ASSISTANT, "tool_calls": [call]}
    return [{"role": USER, "content": _ASKED}, said]


def _named(message: Mapping[str, Any]) -> dict[str, Any]:
    """The id of a call for a result without one."""
    return {"tool_call_id": _CALL_ID} if message["role"] == TOOL else {}


def _as_user(chat: Chat) -> Chat:
    """Results of tools in a row as one message of the user."""
    told: Chat = []
    for role, group in groupby(chat, key=lambda message: message["role"]):
        if role != TOOL:
            told += group
            continue
        results = [f"<tool_response>\n{m['content']}\n</tool_response>" for m in group]
        told.append({"role": USER, "content": "\n".join(results)})
    return told

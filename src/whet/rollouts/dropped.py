"""What a chat template leaves out of a prompt, found with stand-ins for all that is said."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from json import dumps
from typing import Any

from whet.rollouts.chats import calls_of
from whet.types import UsageError
from whet.types.messages import ASSISTANT

Messages = list[dict[str, Any]]
Tools = Sequence[Mapping[str, Any]]
Render = Callable[[Messages, Tools], str | None]  # None: the template doesn't take it

_CLOSED = "</think>"
DROPS_THINKING = "the chat template leaves the thinking of earlier turns out of the prompt"


@dataclass(slots=True)
class DroppedParts:
    """Checks that a rendering holds contents, calls and tools.

    Each is replaced by a word, and the words have to be in the rendering.  Chats of one form (roles
    and fields) are rendered so once.
    """

    render: Render
    _known: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def check(self, chat: Messages, tools: Tools, text: str) -> list[str]:
        """Notes on what the rendering `text` leaves out.

        Raises `UsageError` for contents, names or arguments of calls, and tools.
        """
        form = dumps(
            [
                [[m["role"], sorted(m), len(m.get("tool_calls", ()))] for m in chat],
                [*map(sorted, tools)],
            ]
        )
        if form not in self._known:
            self._known[form] = tuple(self._missing(chat, tools))
        missing = self._known[form] or tuple(_changed(chat, text))
        if missing:
            raise UsageError(
                f"the tokenizer's chat template drops {', '.join(missing)}; leave it out, or use a "
                "template that shows it"
            )
        return [DROPS_THINKING] if any(_thinking_lost(message, text) for message in chat) else []

    def _missing(self, chat: Messages, tools: Tools) -> Iterator[str]:
        words: dict[str, str] = {}
        talk = [_stand_in(message, place, words) for place, message in enumerate(chat, 1)]
        shown = [_tool_stand_in(tool, place, words) for place, tool in enumerate(tools, 1)]
        text = self.render(talk, shown)
        if text is not None:
            yield from dict.fromkeys(what for word, what in words.items() if word not in text)


def _stand_in(message: Mapping[str, Any], place: int, words: dict[str, str]) -> dict[str, Any]:
    held = dict(message)
    if message.get("content"):
        held["content"] = f"whetsaid{place}x"
        words[held["content"]] = f"the content of message {place} ({message['role']})"
    if "tool_calls" in message:
        held["tool_calls"] = [
            _call_stand_in(call, f"{place}x{number}", place, words)
            for number, call in enumerate(message["tool_calls"])
        ]
    return held


def _call_stand_in(
    call: Mapping[str, Any], number: str, place: int, words: dict[str, str]
) -> dict[str, Any]:
    named = {"name": f"whetcall{number}x"}
    words[named["name"]] = f"the name of a call in message {place}"
    asked = next(calls_of({"tool_calls": [call]}))
    if asked.get("arguments"):
        key, value = f"whetkey{number}x", f"whetvalue{number}x"
        pair: Any = {key: value}
        named["arguments"] = dumps(pair) if isinstance(asked["arguments"], str) else pair
        words[key] = words[value] = f"the arguments of a call in message {place}"
    inner = {**asked, **named}
    return {**call, "function": inner} if "function" in call else inner


def _tool_stand_in(tool: Mapping[str, Any], place: int, words: dict[str, str]) -> dict[str, Any]:
    inner = tool.get("function", tool)
    name, told, key = (f"whet{what}{place}x" for what in ("tool", "told", "parameter"))
    words[name] = f"the tool {inner['name']!r}"
    held = {**inner, "name": name}
    if inner.get("description"):
        held["description"] = told
        words[told] = f"the description of the tool {inner['name']!r}"
    if (inner.get("parameters") or {}).get("properties"):
        named = {key: {"type": "string", "description": "x"}}
        held["parameters"] = {"type": "object", "properties": named, "required": [key]}
        words[key] = f"the parameters of the tool {inner['name']!r}"
    return {**tool, "function": held} if "function" in tool else held


def _changed(chat: Messages, text: str) -> Iterator[str]:
    for place, message in enumerate(chat, 1):
        content = message.get("content", "")
        if message["role"] == ASSISTANT:
            content = content.rpartition(_CLOSED)[2]
        if not _in(content, text):
            yield f"a part of the content of message {place} ({message['role']})"


def _thinking_lost(message: Mapping[str, Any], text: str) -> bool:
    thought = message.get("reasoning_content") or ""
    content = message.get("content", "") if message["role"] == ASSISTANT else ""
    opened = content.rpartition(_CLOSED)[0].rpartition("<think>")[2]
    return not (_in(thought, text) and _in(opened, text))


def _in(said: str, text: str) -> bool:
    """Whether a text has the words, trimmed or as JSON."""
    bare = said.strip()
    return bare in text or any(
        dumps(bare, ensure_ascii=escaped)[1:-1] in text for escaped in (False, True)
    )

"""Prompts of rows: text, or the messages of a chat with all that belongs to them."""

import json
import re
from collections.abc import Mapping
from typing import Any
from unicodedata import normalize

from whet.data.formats.json_lines import single_keys
from whet.data.golds import is_blank
from whet.types import Message, Prompt, UsageError

ROLES = frozenset(
    {"system", "developer", "user", "assistant", "tool", "function", "ipython", "observation"}
)
_SILENT = frozenset({"system", "developer", "tool", "function", "ipython", "observation"})
_KEPT = ("tool_calls", "tool_call_id", "name", "reasoning_content")  # besides role and content
_PICTURES = ("images", "image", "videos", "video", "audios", "audio")
_CHAT = re.compile(r"""\s*\[\s*\{\s*["'](role|content)["']""")  # messages, written as text
_LIST = re.compile(r"\s*\[\s*(\{|\])")
_NEITHER = "prompt is neither text nor messages with role and content as text"


def prompt_of(prompt: object, place: str) -> Prompt:
    """Text, or the messages of a chat; tables without structure hold these as JSON.

    Raises `UsageError` for anything else: a role that chat templates don't know, a message of the
    user without content, images.
    """
    if isinstance(prompt, str) and _CHAT.match(prompt):
        prompt = parsed(prompt, "prompt", place)
    if isinstance(prompt, str):
        return prompt
    held = prompt if isinstance(prompt, list | tuple) else [prompt]
    messages = tuple(_message(message, place) for message in held)
    if all(message["role"] in {"system", "developer"} for message in messages):
        raise UsageError(f"{place}: prompt has a system message alone; give a user's message")
    return messages


def prompt_text(prompt: Prompt) -> str:
    """A prompt as one string, its spaces and accents normalised; equal ones are the same task."""
    if not isinstance(prompt, str):
        prompt = json.dumps(
            [_identity(message) for message in prompt], ensure_ascii=False, default=str
        )
    return _spaced(normalize("NFC", prompt))


def _spaced(text: str) -> str:
    return " ".join(text.split())


def tools_of(row: Mapping[str, Any], place: str) -> tuple[Mapping[str, Any], ...]:
    """The schemas in the column `tools`: a list of objects, or JSON of one."""
    held = row.get("tools")
    if isinstance(held, str) and _LIST.match(held):
        held = parsed(held, "tools", place)
    if held is None or held in ("", [], ()):
        return ()
    if not isinstance(held, list | tuple):
        raise UsageError(f"{place}: tools is {held!r:.40}; give a list of schemas")
    schemas = [parsed(one, "tools", place) if isinstance(one, str) else one for one in held]
    if not all(isinstance(schema, Mapping) for schema in schemas):
        raise UsageError(f"{place}: tools is {held!r:.40}; give a list of schemas")
    return tuple(schemas)


def refuse_pictures(row: Mapping[str, Any], place: str) -> None:
    """Raise `UsageError` for a row with a column of images, videos or sounds."""
    for name in _PICTURES:
        if isinstance(held := row.get(name), list | Mapping | bytes) and held:
            raise UsageError(
                f"{place}: {name} holds something; images, videos and sounds are not supported yet"
            )


def parsed(text: str, name: str, place: str) -> Any:
    """The value of a JSON text."""
    try:
        return json.loads(text, object_pairs_hook=single_keys)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{place}: {name} is no JSON ({error}); write it as JSON") from None


def _message(message: object, place: str) -> Message:
    if not isinstance(message, Mapping) or not isinstance(role := message.get("role"), str):
        raise UsageError(f"{place}: {_NEITHER}")
    if role not in ROLES:
        known = ", ".join(sorted(ROLES))
        raise UsageError(f"{place}: prompt has a message of role {role!r}; choose from {known}")
    kept = {name: message[name] for name in _KEPT if message.get(name)}
    content = _content(message.get("content"), place, optional=bool(kept.get("tool_calls")))
    if is_blank(content) and role not in _SILENT and "tool_calls" not in kept:
        raise UsageError(f"{place}: prompt has a message of the {role} without content; give text")
    return {"role": role, "content": content, **kept}


def _content(content: object, place: str, *, optional: bool) -> str:
    """The text of a message; of a list of parts, their texts together."""
    if content is None and optional:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list | tuple):
        raise UsageError(f"{place}: {_NEITHER}")
    return "".join(_part(part, place) for part in content)


def _part(part: object, place: str) -> str:
    if isinstance(part, str):
        return part
    kind = part.get("type") if isinstance(part, Mapping) else None
    if isinstance(part, Mapping) and kind in ("text", None) and isinstance(part.get("text"), str):
        return part["text"]
    if isinstance(kind, str) and kind != "text":
        raise UsageError(
            f"{place}: prompt has a part of type {kind!r}; images and other parts than text are "
            "not supported yet"
        )
    raise UsageError(f"{place}: {_NEITHER}")


def _identity(message: Message) -> list[Any]:
    """What tells a message from another; role and content alone where it has no more."""
    more = {name: message[name] for name in _KEPT if name in message}
    return [message["role"], _spaced(message["content"]), *([more] if more else [])]

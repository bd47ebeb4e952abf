"""Calls as GLM-4.5 and its successors write them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whet.calls.call_format import CallFormat, Found, unread
from whet.calls.json_values import LONGEST
from whet.calls.typed_texts import kind_of, text_of, value_of
from whet.types import ToolCall

_OPEN, _CLOSE = "<tool_call>", "</tool_call>"
_NAME = re.compile(r"<tool_call>\s*([\w.\-]+)\s*")
_ARGUMENT = re.compile(
    r"<arg_key>([^<>]+)</arg_key>\s*<arg_value>(.*?)</arg_value>\s*(?=<arg_key>|</tool_call>)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Glm(CallFormat):
    """`<tool_call>NAME<arg_key>KEY</arg_key><arg_value>VALUE</arg_value></tool_call>`.

    A value is text where the schema says so, else JSON.  A string of the schema can't hold
    `</arg_value>` before another tag of the format.
    """

    schemas: tuple[Mapping[str, Any], ...] = ()

    def for_tools(self, schemas: Sequence[Mapping[str, Any]]) -> "Glm":
        return Glm(tuple(schemas))

    def find(self, text: str, at: int) -> Found | None:
        start = text.find(_OPEN, at)
        if start < 0:
            return None
        try:
            call, end = self._call(text, start)
        except ValueError as error:
            return unread(text, start, str(error), (_OPEN, _CLOSE))
        return Found(start, end, (call,))

    def write(self, calls: Sequence[ToolCall]) -> str:
        return "\n".join(map(self._written, calls))

    def _written(self, call: ToolCall) -> str:
        pairs = (
            f"<arg_key>{key}</arg_key>\n"
            f"<arg_value>{text_of(value, kind_of(self.schemas, call.name, key))}</arg_value>\n"
            for key, value in call.arguments.items()
        )
        return f"{_OPEN}{call.name}\n{''.join(pairs)}{_CLOSE}"

    def _call(self, text: str, start: int) -> tuple[ToolCall, int]:
        named = _NAME.match(text, start)
        if named is None:
            raise ValueError("a name must follow <tool_call>")
        name, at, arguments = named[1], named.end(), dict[str, Any]()
        while (pair := _ARGUMENT.match(text, at, start + LONGEST)) is not None:
            key = pair[1].strip()
            if key in arguments:
                raise ValueError(f"the argument {key} occurs twice")
            arguments[key] = value_of(pair[2], kind_of(self.schemas, name, key))
            at = pair.end()
        if not text.startswith(_CLOSE, at):
            raise ValueError("<arg_key>, <arg_value> and </tool_call> must follow the name")
        return ToolCall(name=name, arguments=arguments), at + len(_CLOSE)

"""Calls as Qwen3-Coder, Qwen3.5 and Nemotron-3 write them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whet.calls.call_format import CallFormat, Calls, Found, skipped, unread
from whet.calls.json_values import LONGEST
from whet.calls.typed_texts import kind_of, text_of, value_of
from whet.types import ToolCall

_OPEN, _CLOSE = "<tool_call>", "</tool_call>"
_INNER = ("<function=", "</function>")
_BEGIN = re.compile(r"<tool_call>|<function=")  # the outer tag is sometimes left out
_FUNCTION = re.compile(r"<function=([^<>\n]+)>\s*")
_PARAMETER = re.compile(
    r"<parameter=([^<>\n]+)>(.*?)</parameter>\s*(?=<parameter=|</function>)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Xml(CallFormat):
    """`<tool_call><function=NAME><parameter=KEY>VALUE</parameter>…</function></tool_call>`.

    A value is text where the schema says so, else JSON; one line break on either side of it is
    left out.  A string of the schema can't hold `</parameter>` before another tag of the format.
    """

    schemas: tuple[Mapping[str, Any], ...] = ()

    def for_tools(self, schemas: Sequence[Mapping[str, Any]]) -> "Xml":
        return Xml(tuple(schemas))

    def find(self, text: str, at: int) -> Found | None:
        begin = _BEGIN.search(text, at)
        if begin is None:
            return None
        start, outer = begin.start(), begin[0] == _OPEN
        try:
            if not outer:
                call, end = self._function(text, start)
                return Found(start, end, (call,))
            return Found(start, *self._block(text, begin.end()))
        except ValueError as error:
            return unread(text, start, str(error), (_OPEN, _CLOSE) if outer else _INNER)

    def write(self, calls: Sequence[ToolCall]) -> str:
        return "\n".join(f"{_OPEN}\n{self._written(call)}{_CLOSE}" for call in calls)

    def _written(self, call: ToolCall) -> str:
        values = (
            f"<parameter={key}>\n{text_of(value, kind_of(self.schemas, call.name, key))}\n"
            "</parameter>\n"
            for key, value in call.arguments.items()
        )
        return f"<function={call.name}>\n{''.join(values)}</function>\n"

    def _block(self, text: str, at: int) -> tuple[int, Calls]:
        calls = list[ToolCall]()
        while not (text.startswith(_CLOSE, at := skipped(text, at)) and calls):
            call, at = self._function(text, at)
            calls.append(call)
        return at + len(_CLOSE), tuple(calls)

    def _function(self, text: str, at: int) -> tuple[ToolCall, int]:
        opened = _FUNCTION.match(text, at)
        if opened is None:
            raise ValueError("<function=NAME> must stand here")
        name, limit, at = opened[1].strip(), at + LONGEST, opened.end()
        arguments = dict[str, Any]()
        while (parameter := _PARAMETER.match(text, at, limit)) is not None:
            key, value = parameter[1].strip(), parameter[2]
            if key in arguments:
                raise ValueError(f"the parameter {key} occurs twice")
            inside = value.removeprefix("\n").removesuffix("\n")
            arguments[key] = value_of(inside, kind_of(self.schemas, name, key))
            at = parameter.end()
        if not text.startswith("</function>", at):
            raise ValueError("<parameter=KEY>VALUE</parameter> or </function> must follow")
        return ToolCall(name=name, arguments=arguments), at + len("</function>")

"""Calls as LFM2, Llama 4 and small models write them: in Python's syntax."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

from whet.calls.call_format import CallFormat, Found, skipped
from whet.calls.json_values import end_of
from whet.calls.nearest import unknown
from whet.calls.python_literals import calls_of
from whet.types import BadCall, ToolCall

_BEGIN = re.compile(
    r"<\|(?:tool_call|python)_start\|>"
    r"|^[ \t]*(?=\[\s*[A-Za-z_][\w.]*\()"  # a list of calls
    r"|^[ \t]*(?=([A-Za-z_][\w.]*)\(.*\)[ \t\r]*$)",  # a call alone on its line
    re.MULTILINE,
)
_CLOSE = re.compile(r"\s*<\|(?:tool_call|python)_end\|>")
_LINE_END = re.compile(r"<\|(?:tool_call|python)_end\|>|\n|\Z")
_PYTHON = re.compile(
    r"'(?:[^'\\\n]|\\.)*(?:'|\\?\Z|(?=\n))|\"(?:[^\"\\\n]|\\.)*(?:\"|\\?\Z|(?=\n))|[\[\](){}]",
    re.DOTALL,
)
_THOUGHTS = re.compile(r"</?think>")


@dataclass(frozen=True, slots=True)
class Pythonic(CallFormat):
    """`[f(a=1), g(b="x")]`, perhaps between marks, or `f("x")` alone on its line.

    Arguments without a name get those of the tool's parameters, in order.  A line that can't be
    read is a bad call if it begins with a tool's name, or if the tools are unknown; else it is
    words.
    """

    schemas: tuple[Mapping[str, Any], ...] = ()

    def for_tools(self, schemas: Sequence[Mapping[str, Any]]) -> "Pythonic":
        return Pythonic(tuple(schemas))

    def find(self, text: str, at: int) -> Found | None:
        parameters = self._parameters()
        while (begin := _BEGIN.search(text, at)) is not None:
            start, alone = begin.start(), begin[1]
            at, why, calls = self._read(text, skipped(text, begin.end()))
            if not why:
                return Found(start, at, calls)
            if alone is None or not parameters or alone in parameters:
                return Found(start, at, (BadCall(text=text[start:at], why=why),))
        return None

    def write(self, calls: Sequence[ToolCall]) -> str:
        """Raises `ValueError` for names that are none in Python."""
        return f"[{', '.join(map(_written, calls))}]" if calls else ""

    def _read(self, text: str, at: int) -> tuple[int, str, tuple[ToolCall, ...]]:
        """The end of what begins at `at`, why it is no call or "", and the calls."""
        line_end = _LINE_END.search(text, at)
        assert line_end is not None  # the pattern matches at the end of the text
        end = line_end.start()
        try:
            if text.startswith("[", at):
                end = end_of(text, at, _PYTHON)
            calls, why = calls_of(text[at:end], self._names), ""
        except ValueError as error:
            calls, why = (), str(error)
        close = _CLOSE.match(text, end)
        return end if close is None else close.end(), why, calls

    def _parameters(self) -> dict[str, list[str]]:
        functions = [schema.get("function", schema) for schema in self.schemas]
        return {
            one["name"]: list(one.get("parameters", {}).get("properties", {})) for one in functions
        }

    def _names(self, name: str, count: int) -> Sequence[str]:
        known = self._parameters()
        if not known:
            raise ValueError(f"the arguments of {name} need names: {name}(key=value)")
        if name not in known:
            raise ValueError(unknown("tool", name, list(known)))
        if len(known[name]) < count:
            raise ValueError(f"{name} takes {len(known[name])} arguments, and {count} came")
        return known[name][:count]


def _written(call: ToolCall) -> str:
    for name in (call.name, *call.arguments):
        if not (name.isascii() and name.isidentifier()) or iskeyword(name):
            raise ValueError(f"{name!r} is no name in Python; write this call in another format")
    text = f"{call.name}({', '.join(f'{key}={value!r}' for key, value in call.arguments.items())})"
    return text.replace("<", "\\x3c") if _THOUGHTS.search(text) else text

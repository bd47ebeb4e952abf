"""The tool calls of a reply, in the formats that models write without a tool template, too."""

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from whet.calls.call_objects import call_of
from whet.calls.json_values import end_of
from whet.calls.literals import read
from whet.calls.python_literals import LONGEST, literal
from whet.calls.strict import CLOSE, OPEN, written
from whet.rewards.verifiable.fences import blocks
from whet.types import ToolCall

_BRACKET = re.compile(r"[\[{]")
_NAME = re.compile(r"[\"'](?:name|function|tool_calls)[\"']\s*:")
_ARGUMENTS = re.compile(r"[\"'](?:arguments|parameters)[\"']\s*:")
_PYTHON = re.compile(r"\s*\[?\s*[A-Za-z_][\w.]*\(")
_MALFORMED = (SyntaxError, TypeError, MemoryError, RecursionError, SystemError)


def replied(text: str) -> list[ToolCall]:
    """All calls of a text without thoughts, in order.

    They stand in `<tool_call>…</tool_call>`; where no such tag is, they are the JSON objects and
    lists in the text, fenced or not, that have the form of calls: `{"name": …, "arguments": …}`,
    OpenAI's `{"function": {…}}` and `{"tool_calls": […]}`, or a list of these.  Nothing but Python
    calls, `[f(a=1), g(b="x")]`, is read as BFCL does.  Other JSON is no call.

    Raises `ValueError` for a call that can't be read.
    """
    alone = _alone(text)
    try:
        return list(_calls(read(alone)))
    except ValueError:
        pass  # not JSON, or a list of which only some are calls
    if OPEN in text or CLOSE in text:
        return written(text)
    if _PYTHON.match(alone) and alone.endswith((")", "]")):
        return list(_python(alone))
    return list(_among_words(text))


def _alone(text: str) -> str:
    """The text, or the content of its fence if it is nothing but one fenced block."""
    found = blocks(text)
    if len(found) == 1 and not (text[: found[0].start] + text[found[0].end :]).strip():
        return found[0].content.strip()
    return text.strip()


def _among_words(text: str) -> Iterator[ToolCall]:
    at = 0
    while (bracket := _BRACKET.search(text, at)) is not None:
        begin, at = bracket.start(), _end(text, bracket.start())
        try:
            value = read(text[begin:at])
        except ValueError:
            if _NAME.search(text, begin, at) and _ARGUMENTS.search(text, begin, at):
                raise ValueError("a call is no valid JSON") from None
        else:
            yield from _calls(value)


def _end(text: str, begin: int) -> int:
    """Where the bracket at `begin` is closed; the end of the text where it never is."""
    try:
        return end_of(text, begin)
    except ValueError:
        return len(text)


def _calls(value: Any) -> Iterator[ToolCall]:
    """The calls of a JSON value; none if it has another form.

    Raises `ValueError` for a list in which some are calls and some are not.
    """
    if isinstance(value, Mapping) and isinstance(value.get("tool_calls"), list):
        value = value["tool_calls"]
    several = value if isinstance(value, list) else [value]
    called = [one for one in several if _is_call(one)]
    if called and len(called) < len(several):
        raise ValueError("some items of a list of calls are no calls")
    return map(call_of, called)


def _is_call(value: Any) -> bool:
    if isinstance(value, Mapping) and isinstance(value.get("function"), Mapping):
        return isinstance(value["function"].get("name"), str)
    named = isinstance(value, Mapping) and isinstance(value.get("name"), str)
    return named and ("arguments" in value or "parameters" in value)


def _python(source: str) -> Iterator[ToolCall]:
    if len(source) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST:,} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes such as "\\d"
            tree = ast.parse(source, mode="eval").body
    except _MALFORMED as error:
        raise ValueError(f"it is no Python: {type(error).__name__}") from None
    return map(_python_call, tree.elts if isinstance(tree, ast.List) else [tree])


def _python_call(node: ast.expr) -> ToolCall:
    if not isinstance(node, ast.Call) or node.args:
        raise ValueError("a call has the form name(key=value)")
    names = [keyword.arg for keyword in node.keywords if keyword.arg is not None]
    if len({*names}) < len(node.keywords):
        raise ValueError("an argument is unpacked or occurs twice")
    arguments = {
        name: literal(keyword.value) for name, keyword in zip(names, node.keywords, strict=True)
    }
    return ToolCall(name=_dotted(node.func), arguments=arguments)


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Name):
        return node.id
    raise ValueError("the name of a function is a name, perhaps with dots")

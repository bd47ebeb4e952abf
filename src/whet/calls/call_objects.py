"""A call as a JSON object, in every spelling that models and interfaces use."""

from collections.abc import Mapping
from typing import Any

from whet.calls.literals import read
from whet.types import ToolCall


def call_of(value: Any) -> ToolCall:
    """Parse `{"name": …, "arguments": {…}}`.

    `arguments` may be called `parameters` or be absent. OpenAI's form `{"function": {…}}`, with
    arguments as JSON text, is accepted too. Raises `ValueError` for any other value, and for one
    that has both names of the arguments, or two functions.
    """
    made = value.get("id") if isinstance(value, Mapping) else None
    if isinstance(value, Mapping) and isinstance(value.get("function"), Mapping):
        if value.get("name", value["function"].get("name")) != value["function"].get("name"):
            raise ValueError("a tool call has one function")
        value = value["function"]
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        raise ValueError("a tool call must be an object with a name")
    if "arguments" in value and value.get("parameters", value["arguments"]) != value["arguments"]:
        raise ValueError("a tool call has arguments or parameters, not both")
    given = value.get("arguments", value.get("parameters", {}))
    given = read(given) if isinstance(given, str) else given
    if not isinstance(given, Mapping):
        raise ValueError("the arguments of a tool call must be an object")
    identity = made if isinstance(made, str) else ""
    return ToolCall(name=value["name"].strip(), arguments=given, id=identity)


def calls_in(value: Any) -> list[ToolCall]:
    """The calls of a list of objects, or of one object."""
    return [call_of(one) for one in (value if isinstance(value, list | tuple) else [value])]

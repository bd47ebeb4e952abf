"""Values of arguments in formats that write text without quotation marks."""

from collections.abc import Mapping, Sequence
from typing import Any

from whet.calls.json_values import json_text
from whet.calls.literals import read

_CONSTANTS = {"True": True, "False": False, "None": None}  # templates print Python's names
_NULLS = ("null", "None")


def kind_of(schemas: Sequence[Mapping[str, Any]], tool: str, key: str) -> Mapping[str, Any]:
    """The schema of a parameter; empty where it is unknown."""
    for schema in schemas:
        function = schema.get("function", schema)
        if function.get("name") == tool:
            return function.get("parameters", {}).get("properties", {}).get(key, {})
    return {}


def value_of(text: str, kind: Mapping[str, Any]) -> Any:
    """The value that a text stands for.

    A string is the text itself.  Any other value, or one of unknown type, is JSON or a constant of
    Python, and the text itself if it is neither.
    """
    if kind.get("type") == "string":
        return None if kind.get("nullable") and text in _NULLS else text
    if text.strip() in _CONSTANTS:
        return _CONSTANTS[text.strip()]
    try:
        return read(text)
    except ValueError:
        return text


def text_of(value: Any, kind: Mapping[str, Any]) -> str:
    """The text of a value; strings are quoted where they would be read as something else."""
    if isinstance(value, str) and (
        kind.get("type") == "string" or (value_of(value, kind) == value and "<" not in value)
    ):
        return value
    return json_text(value).replace("</", "\\u003c/")

"""BFCL's descriptions of functions, and the tools that they are for a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whet.data.benchmark_row import BenchmarkRow
from whet.rewards.verifiable.acceptable_values import TYPES

_JSON_TYPES: Mapping[str, str] = {
    "dict": "object",
    "float": "number",
    "tuple": "array",
    "any": "string",
}
_FORM = "give a list of objects with name and parameters, which have properties"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionDoc:
    """What is said of one function."""

    parameters: Mapping[str, Mapping[str, Any]]  # the schema of each, with Python's types
    required: tuple[str, ...]
    tool: Mapping[str, Any]  # in OpenAI's form, with the types of JSON Schema


def function_docs(row: BenchmarkRow) -> dict[str, FunctionDoc]:
    """The functions of a row by name, perhaps none.

    Raises `UsageError` for another form or an unknown type.
    """
    held = row.json("function") if row.values.get("function") != [] else []
    listed = held if isinstance(held, list) else [held]
    found: dict[str, FunctionDoc] = {}
    for one in listed:
        if not isinstance(one, Mapping) or not isinstance(one.get("name"), str):
            raise row.wrong("function", _FORM)
        if one["name"] in found:
            raise row.wrong("function", f"{one['name']!r:.40} is described twice; take one out")
        found[one["name"]] = _doc(row, one)
    return found


def _doc(row: BenchmarkRow, one: Mapping[str, Any]) -> FunctionDoc:
    schema = one.get("parameters")
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(schema, Mapping) or not isinstance(properties, Mapping):
        raise row.wrong("function", _FORM)
    for name, inner in properties.items():
        kind = inner.get("type") if isinstance(inner, Mapping) else None
        if kind not in TYPES:
            told = f"argument {name!r:.40} has type {kind!r:.40}; give one of Python's"
            raise row.wrong("function", f"{told}: {', '.join(sorted(TYPES))}")
    required = schema.get("required") or ()
    if not isinstance(required, list | tuple) or any(name not in properties for name in required):
        raise row.wrong("function", "required has to list arguments that are described")
    tool = {
        "name": one["name"],
        "description": str(one.get("description", "")),
        "parameters": _as_json_schema(schema),
    }
    return FunctionDoc(
        parameters=properties,
        required=tuple(required),
        tool={"type": "function", "function": tool},
    )


def _as_json_schema(schema: Any) -> Any:
    """The same schema with the types of JSON Schema."""
    if isinstance(schema, list):
        return [_as_json_schema(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        key: _JSON_TYPES.get(held, held)
        if key == "type" and isinstance(held, str)
        else _as_json_schema(held)
        for key, held in schema.items()
    }

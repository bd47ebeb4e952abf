"""JSON Schema, called in worker processes, because the patterns of a schema can run for ever."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from importlib import import_module
from typing import Any

Values = Sequence[Any]
_ANYTHING: Values = (
    None,
    0,
    "",
    [],
    {},
    {"": [0.5, False]},
)  # a schema for all of these says nothing


def valid(schema: Any, right: Values, values: Values) -> bool:
    """Whether all values satisfy the schema, as draft 2020-12 or as the draft that it names.

    References to other documents are not followed; a value that leads to one is not valid, nor is
    one that is nested too deeply or too large to be checked.  Raises an error for a schema that is
    none, that refers to a part which it doesn't have, that by itself accepts everything, and where
    one of the values that are known to be right does not satisfy it.
    """
    if not isinstance(schema, Mapping):
        raise ValueError("a schema is an object")
    validators = import_module("jsonschema.validators")
    draft = validators.validator_for(schema, default=validators.Draft202012Validator)
    draft.check_schema(schema)
    _check_references(schema)
    checker = validators.extend(draft, {"multipleOf": _multiple})
    referencing = import_module("referencing")
    checking = checker(schema, registry=referencing.Registry())
    if not all(checking.is_valid(value) for value in right):
        raise ValueError("the right answer does not satisfy the schema")
    if not right and all(checking.is_valid(value) for value in _ANYTHING):
        raise ValueError("the schema accepts everything")
    try:
        return all(checking.is_valid(value) for value in values)
    except (referencing.exceptions.Unresolvable, RecursionError, ArithmeticError):
        return False


def _multiple(_: Any, step: Any, value: Any, __: Any) -> Iterator[Exception]:
    """What is wrong with a number: decimals are multiples as they are written, 0.07 of 0.01."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    if (Fraction(str(value)) / Fraction(str(step))).denominator != 1:
        failure = import_module("jsonschema.exceptions").ValidationError
        yield failure(f"{value} is not a multiple of {step}")


def _check_references(schema: Mapping[str, Any]) -> None:
    """Raise `ValueError` for a reference to a part of this document that is not there."""
    for reference in _references(schema):
        part: Any = schema
        for word in reference.removeprefix("#/").split("/"):
            key = word.replace("~1", "/").replace("~0", "~")
            if isinstance(part, Mapping) and key in part:
                part = part[key]
            elif isinstance(part, Sequence) and key.isdigit() and int(key) < len(part):
                part = part[int(key)]
            else:
                raise ValueError(f"the schema has no {reference[:60]}")


def _references(part: Any) -> Iterator[str]:
    """References by place, where no part has a name of its own, which they would begin at."""
    if isinstance(part, Mapping):
        target = part.get("$ref")
        if isinstance(target, str) and target.startswith("#/") and "%" not in target:
            yield target
        for key, inner in part.items():
            if key not in ("enum", "const", "default", "examples") and "$id" not in part:
                yield from _references(inner)
    elif isinstance(part, list | tuple):
        for inner in part:
            yield from _references(inner)

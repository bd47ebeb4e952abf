"""JSON Schema, called in worker processes, because the patterns of a schema can run for ever."""

from importlib import import_module
from typing import Any


def valid(schema: Any, value: Any) -> bool:
    """Whether the value satisfies the schema, as draft 2020-12 or as the draft that it names.

    References to other documents are not followed.
    """
    validators = import_module("jsonschema.validators")
    checker = validators.validator_for(schema, default=validators.Draft202012Validator)
    checker.check_schema(schema)
    nowhere = import_module("referencing").Registry()
    return checker(schema, registry=nowhere).is_valid(value)

"""JSON Schema, for worker processes: a pattern of a schema can take for ever."""

from importlib import import_module
from typing import Any


def valid(schema: Any, value: Any) -> bool:
    """Does the value keep to the schema, as draft 2020-12 reads it unless it names another?

    References lead nowhere outside the schema.
    """
    validators = import_module("jsonschema.validators")
    checker = validators.validator_for(schema, default=validators.Draft202012Validator)
    checker.check_schema(schema)
    nowhere = import_module("referencing").Registry()
    return checker(schema, registry=nowhere).is_valid(value)

"""JSON Schema, for worker processes: a pattern of a schema can take for ever."""

from typing import Any


def valid(schema: Any, value: Any) -> bool:
    """Does the value keep to the schema, as draft 2020-12 reads it unless it names another?

    References lead nowhere outside the schema.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for
    from referencing import Registry

    checker = validator_for(schema, default=Draft202012Validator)
    checker.check_schema(schema)
    return checker(schema, registry=Registry()).is_valid(value)

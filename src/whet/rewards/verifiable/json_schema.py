"""JSON Schema, called in worker processes, because the patterns of a schema can run for ever."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

Values = Sequence[Any]


def valid(schema: Any, right: Values, values: Values) -> bool:
    """Whether all values satisfy the schema, as draft 2020-12 or as the draft that it names.

    References to other documents are not followed; a value that leads to one is not valid, nor is
    one that is nested too deeply or too large to be checked.  Raises an error for a schema that is
    none, and where one of the values that are known to be right does not satisfy it.
    """
    validators = import_module("jsonschema.validators")
    checker = validators.validator_for(schema, default=validators.Draft202012Validator)
    checker.check_schema(schema)
    referencing = import_module("referencing")
    checking = checker(schema, registry=referencing.Registry())
    if not all(checking.is_valid(value) for value in right):
        raise ValueError("the right answer does not satisfy the schema")
    try:
        return all(checking.is_valid(value) for value in values)
    except (referencing.exceptions.Unresolvable, RecursionError, ArithmeticError):
        return False

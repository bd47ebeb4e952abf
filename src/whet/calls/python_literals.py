"""Calls in Python's syntax, whose arguments are literals; nothing is ever evaluated."""

import ast
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from whet.types import ToolCall

LONGEST = 10_000  # characters that are parsed

_MALFORMED = (
    SyntaxError,
    ValueError,  # expressions, half a surrogate pair
    TypeError,  # a list as a key
    MemoryError,  # the parser's stack
    RecursionError,
    SystemError,  # CPython 3.11 after a garbage collection within the parser
)

Names = Callable[[str, int], Sequence[str]]
"""The names of so many positional arguments of a function."""


def calls_of(source: str, names: Names) -> tuple[ToolCall, ...]:
    """The calls of a text that is one call, or a list of calls.

    Raises `ValueError` for any other text: for names with dots, unpacking, expressions, arguments
    or keys that occur twice.
    """
    tree = _parsed(source)
    several = tree.elts if isinstance(tree, ast.List) else [tree]
    if not several:
        raise ValueError("the list holds no call")
    return tuple(_call(node, names) for node in several)


def _parsed(source: str) -> ast.expr:
    if len(source) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST:,} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes such as "\\d"
            return ast.parse(source.strip(), mode="eval").body
    except _MALFORMED as error:
        raise ValueError(f"it is no Python: {type(error).__name__}") from None


def _call(node: ast.expr, names: Names) -> ToolCall:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        raise ValueError("a call is a plain name with arguments: name(key=value)")
    positional = names(node.func.id, len(node.args)) if node.args else ()
    pairs = [*zip(positional, node.args, strict=True)]
    for keyword in node.keywords:
        if keyword.arg is None:
            raise ValueError("arguments must not be unpacked with **")
        pairs.append((keyword.arg, keyword.value))
    arguments = {key: literal(value) for key, value in pairs}
    if len(arguments) < len(pairs):
        raise ValueError("an argument occurs twice")
    return ToolCall(name=node.func.id, arguments=arguments)


def literal(node: ast.expr) -> Any:
    """The value of a literal; tuples become lists.  Raises `ValueError` for an expression."""
    if any(_has_doubles(one) for one in ast.walk(node) if isinstance(one, ast.Dict)):
        raise ValueError("a key occurs twice")
    try:
        return _listed(ast.literal_eval(node))
    except _MALFORMED:
        raise ValueError("an argument is no literal") from None


def _has_doubles(node: ast.Dict) -> bool:
    keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
    return len(set(keys)) < len(keys)


def _listed(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_listed(one) for one in value]
    if isinstance(value, dict):
        return {key: _listed(one) for key, one in value.items()}
    return value

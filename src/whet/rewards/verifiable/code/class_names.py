"""Which names a test uses as classes.

Some functions are called like classes (`Find_Max`).  The harness believes what objects say of
themselves only if the test has constructed them, so it has to know what a class is: a program could
answer to a function's name with a class whose objects equal everything.
"""

import ast
from collections.abc import Iterable, Iterator
from typing import TypeGuard

_PLAIN = (str, int, float, list, dict, set, tuple)
_SHARED = frozenset(name for kind in _PLAIN for name in dir(kind))  # attributes of data, too
_RELATIONS = ("isinstance", "issubclass", "assertIsInstance", "assertNotIsInstance")


def class_names(source: str) -> frozenset[str]:
    """Names with attributes, of which instances are asked for, or whose objects are used as such.

    An object is used as one where the test reads an attribute of its own, has it as a key, or
    applies an operator to it and compares the result with another object of the class.
    """
    nodes = list(ast.walk(ast.parse(source)))
    attributes = {_last(x.value) for x in nodes if _is_own(x)}
    found = attributes | {name for x in nodes for name in _related(x)}
    for name, value in (pair for x in nodes for pair in _bound(x)):
        if name in attributes:
            found.update(_constructed(value))
    found.update(name for x in nodes for name in _used(x))
    parameters = {a.arg for x in nodes if isinstance(x, ast.arguments) for a in x.args}
    if found & parameters:  # the class is handed to a function of the test
        calls = (x for x in nodes if isinstance(x, ast.Call))
        found.update(a.id for call in calls for a in call.args if isinstance(a, ast.Name))
    return frozenset(found - {""})


def _is_own(node: ast.AST) -> TypeGuard[ast.Attribute]:
    """Whether a node reads an attribute that plain data doesn't have: what a function returns may
    be sorted.
    """
    return isinstance(node, ast.Attribute) and node.attr not in _SHARED


def _used(node: ast.AST) -> set[str]:
    """Classes whose objects a node uses as such."""
    if _is_own(node):
        return _constructed(node.value)
    if isinstance(node, ast.Compare):
        return _operated(node)
    if isinstance(node, ast.Set):
        return _common(node.elts)
    keys = node.keys if isinstance(node, ast.Dict) else []
    return {name for key in keys if key is not None for name in _constructed(key)}


def _last(node: ast.expr) -> str:
    """The name at the end of `a` or `self.a`."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _related(node: ast.AST) -> Iterator[str]:
    """Classes that a call of `isinstance` asks for."""
    if isinstance(node, ast.Call) and _last(node.func) in _RELATIONS and node.args[1:]:
        yield from (x.id for x in ast.walk(node.args[1]) if isinstance(x, ast.Name))


def _bound(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names that a node gives a value to, and the expression of the value."""
    if isinstance(node, ast.Assign):
        yield from ((name, node.value) for t in node.targets for name in _names(t))
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
        yield _last(node.target), node.value
    elif isinstance(node, (ast.For, ast.comprehension)):
        yield from ((name, node.iter) for name in _names(node.target))
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield from ((name, node.context_expr) for name in _names(node.optional_vars))


def _names(target: ast.expr) -> list[str]:
    parts = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
    return [_last(part) for part in parts]


def _constructed(node: ast.expr) -> set[str]:
    """The class of an expression `A(...)`, or of those in a display of a list, tuple or dict."""
    if isinstance(node, ast.Call):
        return {_last(node.func)}
    if isinstance(node, (ast.List, ast.Tuple)):
        return {name for x in node.elts for name in _constructed(x)}
    return (
        {name for x in node.values for name in _constructed(x)}
        if isinstance(node, ast.Dict)
        else set()
    )


def _operated(node: ast.Compare) -> set[str]:
    """Classes of objects on both sides of a comparison, one of which is an operator's operand."""
    sides = (node.left, *node.comparators)
    bare = all(isinstance(side, ast.Call) for side in sides)
    return set() if bare else _common(sides)


def _common(parts: Iterable[ast.expr]) -> set[str]:
    """Names that all parts call, of which there are several."""
    called = [{_last(x.func) for x in ast.walk(part) if isinstance(x, ast.Call)} for part in parts]
    return set[str].intersection(*called) if len(called) > 1 else set()

"""Imports inside a reward function: they fail with its first call, and not with its file."""

import ast
import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path

from whet.rewards.adapters.sources import Function, Source, located
from whet.types import UsageError


def refuse_missing(source: Source, name: str) -> None:
    """Raise `UsageError` where a call of the function imports a package that is not there.

    Only imports that every call reaches are looked at: statements of the function's own body, and
    of the functions of the file that these call, but none behind a condition or in a `try`.
    """
    root = str(located(source.path)[1])
    for module in _reached(source, name):
        if not _there(module, root):
            raise UsageError(
                f"reward {name} of {source.path} imports {module} when it is called, and there is "
                f"no such module; install it, or give another reward"
            )


def _reached(source: Source, name: str) -> Iterator[str]:
    """The top-level packages that a call of the function is sure to import."""
    pending, seen = [name], {name}
    while pending:
        for statement in _statements(source, pending.pop()):
            yield from _imports(statement)
            called = _called(statement) - seen
            seen |= called
            pending += sorted(called)


def _statements(source: Source, name: str) -> list[ast.stmt]:
    node = source.definitions().get(name)
    value = source.assigned(name)
    if node is None and (alias := value.func if isinstance(value, ast.Call) else value):
        node = source.definitions().get(ast.unparse(alias))  # `score = Judge()`
    if isinstance(node, ast.ClassDef):
        calls = [n for n in node.body if isinstance(n, Function) and n.name == "__call__"]
        node = calls[0] if calls else None
    return list(_sure(node.body)) if isinstance(node, Function) else []


def _sure(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that are executed whenever the body is."""
    branching = ast.If | ast.For | ast.AsyncFor | ast.While | ast.Try | ast.TryStar | ast.Match
    for statement in body:
        if isinstance(statement, ast.With | ast.AsyncWith):
            yield from _sure(statement.body)
        elif not isinstance(statement, branching | Function | ast.ClassDef):
            yield statement


def _imports(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.Import):
        return [alias.name.partition(".")[0] for alias in statement.names]
    if isinstance(statement, ast.ImportFrom) and not statement.level and statement.module:
        return [statement.module.partition(".")[0]]
    return []


def _called(statement: ast.stmt) -> set[str]:
    calls = [node.func for node in ast.walk(statement) if isinstance(node, ast.Call)]
    return {function.id for function in calls if isinstance(function, ast.Name)}


def _there(module: str, root: str) -> bool:
    """Whether a top-level module can be found, from the folder of the user's file, too."""
    try:
        found = find_spec(module)
    except (ValueError, ImportError):  # a module without a spec is loaded already
        found = sys.modules.get(module)
    return bool(found or PathFinder.find_spec(module, [root, str(Path.cwd())]))

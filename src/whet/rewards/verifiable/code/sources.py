"""Python source of a task, read before any program is run."""

import ast
import sys
from collections.abc import Iterable, Iterator

_OWN = frozenset({"solution", "__future__"})
_EVALUATING = frozenset({"eval", "exec", "compile", "__import__", "pickle", "marshal", "importlib"})


class Unusable(ValueError):
    """Tests that cannot be run, which is a fault of the task."""


def parsed(source: str, what: str) -> ast.Module:
    """The tree of a source.

    Raises `Unusable` if it is no Python, or imports what a sandbox doesn't have: a program must not
    fail by that.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Unusable(f"{what} is no Python: {error}") from None
    for name in _imported(tree.body):
        if name not in sys.stdlib_module_names and name not in _OWN:
            raise Unusable(f"{what} imports {name}, which the sandbox doesn't have")
    return tree


def careful(source: str) -> str:
    """The source of a checker.  Raises `Unusable` if it would run a program's output as code."""
    for node in ast.walk(parsed(source, "the checker")):
        names = {node.id} if isinstance(node, ast.Name) else set()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = set(_imported([node]))
        if found := names & _EVALUATING:
            raise Unusable(f"the checker uses {min(found)}; read outputs as data, say by json")
    return source


def _imported(body: Iterable[ast.stmt]) -> Iterator[str]:
    """Modules that these statements import, but for attempts that may fail."""
    for one in body:
        if isinstance(one, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in one.names)
        elif isinstance(one, ast.ImportFrom):
            yield (one.module or "").partition(".")[0]
        elif not isinstance(one, ast.Try):
            inner = (x for x in ast.iter_child_nodes(one) if isinstance(x, ast.stmt))
            yield from _imported(inner)

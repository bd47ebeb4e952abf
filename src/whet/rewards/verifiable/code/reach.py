"""What a test can't do to a program that runs in another process."""

import ast
import builtins
import sys
from collections.abc import Iterator

from whet.rewards.verifiable.code.sources import Unusable

_SHARED = ("sys.stdout", "sys.stderr")  # what a program prints comes to the test's
_PATCHES = ("patch", "patch.object", "patch.dict", "patch.multiple", "setattr")


def reachable(source: str, prelude: str) -> None:
    """Raise `Unusable` if the test needs to be in the program's process.

    It would derive a class from one of the program's, or replace something of the program's modules
    or of Python's; a right program would fail.
    """
    tree = ast.parse(source)
    known = {name for part in (tree, ast.parse(prelude)) for name in bound(part)}
    if "*" not in known:
        for kind in (x for x in ast.walk(tree) if isinstance(x, ast.ClassDef)):
            roots = {x.id for base in kind.bases for x in ast.walk(base) if isinstance(x, ast.Name)}
            if strange := {name for name in roots - known if not hasattr(builtins, name)}:
                raise Unusable(f"a test derives {kind.name} from the program's {min(strange)}")
    if replaced := next((name for name in _replaced(tree) if _is_elsewhere(name)), None):
        raise Unusable(f"a test replaces {replaced}, which doesn't reach the program")


def bound(tree: ast.AST) -> Iterator[str]:
    """Names that a source gives a meaning to, and `*` where it imports all of a module."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            home = node.module if isinstance(node, ast.ImportFrom) else ""
            ours = () if home == "solution" else node.names
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in ours)


def _is_elsewhere(name: str) -> bool:
    """Whether the program has a copy of this of its own."""
    home, _, inner = name.partition(".")
    theirs = home in sys.stdlib_module_names or home in ("solution", "__main__")
    return theirs and bool(inner) and not name.startswith(_SHARED)


def _replaced(tree: ast.AST) -> Iterator[str]:
    """What a source patches, by `mock.patch`, pytest's `setattr` or an assignment."""
    modules = {alias.asname or alias.name for x in ast.walk(tree) for alias in _imported(x)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(_PATCHES):
            yield from (str(x.value) for x in node.args if isinstance(x, ast.Constant))
            yield ".".join(ast.unparse(x).strip("'") for x in node.args[:2])
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            name = ast.unparse(node)
            yield from [name] if name.partition(".")[0] in modules else []


def _imported(node: ast.AST) -> list[ast.alias]:
    return node.names if isinstance(node, ast.Import) else []

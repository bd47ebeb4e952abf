"""What a test can't do to a program that runs in another process."""

import ast
import builtins
from collections.abc import Iterator

from whet.rewards.verifiable.code.sources import Unusable

_FED = ("builtins.input", "sys.stdin", "builtins.open")  # what a program reads by


def reachable(source: str, prelude: str) -> None:
    """Raise `Unusable` if the test needs to be in the program's process.

    It would derive a class from one of the program's, or replace what the program reads by; a right
    program would fail.
    """
    tree = ast.parse(source)
    known = {name for part in (tree, ast.parse(prelude)) for name in bound(part)}
    if "*" not in known:
        for kind in (x for x in ast.walk(tree) if isinstance(x, ast.ClassDef)):
            roots = {x.id for base in kind.bases for x in ast.walk(base) if isinstance(x, ast.Name)}
            if strange := {name for name in roots - known if not hasattr(builtins, name)}:
                raise Unusable(f"a test derives {kind.name} from the program's {min(strange)}")
    if replaced := next((name for name in _replaced(tree) if name in _FED), None):
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


def _replaced(tree: ast.AST) -> Iterator[str]:
    """What a source patches, by `mock.patch`, pytest's `setattr` or an assignment."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("patch", "setattr")):
            yield from (str(x.value) for x in node.args if isinstance(x, ast.Constant))
            yield ".".join(ast.unparse(x).strip("'") for x in node.args[:2])
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield ast.unparse(node)

"""The modules beside a user's file that it imports, and those that these import."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path


def imported_files(file: Path) -> list[Path]:
    """The files of these modules, sorted; of a package, all of its files.

    A file that is not Python has none.  Modules of the standard library come first, as in whet.
    """
    folder, found, left = file.resolve().parent, set[Path](), [file.resolve()]
    while left:
        for name in _imported(left.pop()):
            new = {path for path in _files_of(folder, name) if path not in found}
            found |= new
            left.extend(new)
    return sorted(found - {file.resolve()})


def _imported(file: Path) -> Iterator[str]:
    """The first words of the modules that a file imports, anywhere in it."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _files_of(folder: Path, name: str) -> Iterator[Path]:
    if name in sys.stdlib_module_names:
        return
    if (module := folder / f"{name}.py").is_file():
        yield module
    elif (folder / name / "__init__.py").is_file():
        yield from (folder / name).rglob("*.py")

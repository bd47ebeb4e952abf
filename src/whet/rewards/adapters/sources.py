"""The text of a user's file or module, read without running it."""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from os.path import isfile  # False where a name is too long for the file system
from pathlib import Path

from whet.registry import nearest
from whet.rewards.adapters.dialects import CallForm, FormError, TraceForm, form_of
from whet.rewards.adapters.script_calls import ScriptLocation, digest_of
from whet.types import UsageError

Function = ast.FunctionDef | ast.AsyncFunctionDef
_MODULE = (
    "from whet.rewards.adapters.script_calls import imported\n\nmodule = imported({!r}, {!r})\n"
)


@dataclass(frozen=True, slots=True)
class Source:
    """A Python file, or a module by its dotted name, and its text."""

    path: str  # as the user wrote it
    text: str

    @classmethod
    def read(cls, path: str) -> "Source":
        """Raises `UsageError` where there is no such file, or where it is not Python."""
        try:
            text = located(path)[0].read_text(encoding="utf-8")
            ast.parse(text)
        except (SyntaxError, ValueError) as error:
            if isinstance(error, UsageError):
                raise
            raise UsageError(f"script.path is {path!r}, which is not Python: {error}") from None
        return cls(path, text)

    @property
    def tree(self) -> ast.Module:
        return _parsed(self.text)

    def place(self, name: str) -> ScriptLocation:
        """How a worker process gets at the object called `name`."""
        what = f"{name} of {self.path}"
        if self.path.endswith(".py"):
            return ScriptLocation(str(Path(self.path).resolve()), self.text, name, what)
        program = _MODULE.format(self.path, digest_of(self.text))
        root = _root(self.path, str(Path.cwd()))
        return ScriptLocation(f"{root}/{self.path}", program, f"module.{name}", what)

    def definitions(self) -> Mapping[str, Function | ast.ClassDef]:
        """The functions and classes at the top level, by name."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        return {n.name: n for n in self.tree.body if isinstance(n, kinds)}

    def assigned(self, name: str) -> ast.expr | None:
        """The expression that a top-level statement `name = …` assigns; the last one counts."""
        found: ast.expr | None = None
        for node in self.tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and name in _targets(node):
                found = node.value
        return found

    def binds(self, name: str) -> bool:
        """Whether the file may bind the name: by definition, assignment or import."""
        return _binds(self.tree, name)

    def form(self, name: str) -> CallForm | None:
        """The form of a function or class, as far as the text tells it.

        Raises `UsageError` where the file cannot have that name, or where the function has no form.
        """
        defined = self.definitions()
        found, (first, *inside) = defined.get(name), name.split(".")
        if found is None and not self.binds(first):
            hint = nearest(name, defined) if defined else "it defines no function"
            raise UsageError(f"script.function {name!r} is not in {self.path}; {hint}")
        if isinstance(found, ast.ClassDef):
            marked = any("reward" in ast.unparse(d) for d in _decorators(found))
            return TraceForm() if marked else None
        if found is None or inside or found.decorator_list:
            return None
        try:
            return form_of(*parameters(found), f"{name} of {self.path}")
        except FormError as unfit:
            raise UsageError(str(unfit)) from None


def located(path: str) -> tuple[Path, Path]:
    """The file of a path or of a dotted name, and the folder where its imports start."""
    file = Path(path)
    if file.suffix == ".py" and isfile(file):
        return file, file.parent
    parts = path.split(".")
    if file.suffix != ".py" and all(part.isidentifier() for part in parts):
        for root in (Path.cwd(), *map(Path, sys.path)):
            inner = root.joinpath(*parts)
            for candidate in (inner.with_suffix(".py"), inner / "__init__.py"):
                if isfile(candidate):
                    return candidate, root
    raise UsageError(
        f"script.path is {path!r}; give a Python file that exists, or a module that can be imported"
    )


def parameters(node: Function) -> tuple[list[str], list[str]]:
    """The names of a function's parameters, and of those without a default."""
    plain = [*node.args.posonlyargs, *node.args.args]
    needed = [a.arg for a in plain[: len(plain) - len(node.args.defaults)]]
    keyword = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    needed += [a.arg for a, default in keyword if default is None]
    return [a.arg for a in (*plain, *node.args.kwonlyargs)], needed


@lru_cache(maxsize=64)
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


@lru_cache(maxsize=64)
def _root(module: str, directory: str) -> str:
    """The folder from which a module is imported, in this working directory."""
    del directory
    return str(located(module)[1].resolve())


def _targets(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _decorators(node: ast.ClassDef) -> Iterator[ast.expr]:
    for inner in node.body:
        if isinstance(inner, Function):
            yield from inner.decorator_list


def _binds(tree: ast.Module, name: str) -> bool:
    nodes = list(_outside(tree))
    imports = [alias for n in nodes if isinstance(n, ast.ImportFrom) for alias in n.names]
    names = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    names |= {alias.asname or alias.name for alias in imports}
    names |= {n.name for n in nodes if isinstance(n, Function | ast.ClassDef)}
    return name in names or "*" in names


def _outside(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes that are not inside a function or a class."""
    for inner in ast.iter_child_nodes(node):
        yield inner
        if not isinstance(inner, Function | ast.ClassDef | ast.Lambda):
            yield from _outside(inner)

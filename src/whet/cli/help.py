"""The help of commands and recipes.  A recipe's help is read from its source, without running."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten

from whet import registry
from whet.cli import options
from whet.cli.arguments import ARGUMENTS
from whet.cli.spellings import USUAL

ASKED = ("-h", "--help", "--help-all")
ALL = ("--help-all", "all")
_LISTED = {"data": "corpus"}  # parameters that are named otherwise than their kind
_FLAG, _WHERE, _ALL = 22, 32, 100  # widths of columns, and of a line


@dataclass(frozen=True, slots=True)
class Recipe:
    """The docstring and the parameters of a recipe, known without running it."""

    about: str
    parameters: tuple[tuple[str, str], ...]  # name, and the source of its default; empty: required


def is_asked(words: Sequence[str]) -> bool:
    """Whether one of the words is a help flag."""
    return any(word in ASKED for word in words)


def page(command: str, words: Sequence[str]) -> str:
    """The help of a command.  For `train` and `plan` with a recipe it is the recipe's help."""
    if command in ARGUMENTS:
        return options.page(ARGUMENTS[command], command)
    recipe = words[0] if words[0] not in ASKED else ""
    if not recipe:
        return "\n".join(_of_command(command))
    left = [word for word in words[1:] if word not in (*ASKED, *ALL)]
    if any(word in ALL for word in words[1:]):
        from whet.cli.everything import every_path

        return every_path(recipe, left, command)
    return "\n".join(_of_recipe(command, recipe))


def read(recipe: str) -> Recipe:
    """Read a recipe's help.  Raises `UsageError` for an unknown name or a file without a recipe."""
    file, _, attribute = recipe.partition(":")
    if file.endswith(".py") and Path(file).is_file():
        name = attribute or Path(file).stem.replace("-", "_")
        return _function(Path(file), name) or _imported(recipe)
    places = registry.names("recipe")
    if recipe not in places:
        return _imported(recipe)
    origin = Path(places[recipe].origin)  # not a file for an installed package
    found = _function(origin, places[recipe].attribute) if origin.is_file() else None
    return found or _imported(recipe)


def summary(recipe: str) -> str:
    """The first line of a recipe's docstring, shortened to fit a line of the help."""
    return shorten(read(recipe).about.partition("\n")[0], _ALL - _FLAG - 3, placeholder=" …")


def _of_command(command: str) -> Iterator[str]:
    yield from (f"usage: whet {command} RECIPE [--flag value …]", "", "recipes:")
    yield from (f"  {name:{_FLAG}} {summary(name)}" for name in registry.names("recipe"))
    yield f"  {'path/to/mine.py':{_FLAG}} your own recipe, a function that returns a Run"
    yield from ("", f"whet {command} RECIPE --help shows a recipe's parameters", "", *_usual())


def _of_recipe(command: str, recipe: str) -> Iterator[str]:
    found = read(recipe)
    needed = "".join(f" --{name} …" for name, default in found.parameters if not default)
    yield from (f"usage: whet {command} {recipe}{needed} [--flag value …]", "")
    yield from (found.about.partition("\n\n")[0], "")
    if found.parameters:
        yield "parameters of the recipe:"
        yield from (_parameter(name, default) for name, default in found.parameters)
        yield ""
    yield from _usual()
    yield f"every setting, with its choices: whet {command} {recipe}{needed} --help-all"


def _parameter(name: str, default: str) -> str:
    kind = _LISTED.get(name, name)
    choices = f"({registry.listing(kind)})" if kind in registry.ROOMS else ""
    said = f"default: {default}" if default else "required"
    return f"  {f'--{name}':{_FLAG}} {said:{_WHERE}} {choices}".rstrip()


def _usual() -> Iterator[str]:
    yield "common flags, the path of each, and its meaning:"
    for usual in USUAL:
        yield f"  {usual.flag:{_FLAG}} {usual.where:{_WHERE}} {usual.about}".rstrip()
    yield from (
        "",
        "any setting by its path, on the command line or in a file (--config FILE.toml):",
    )
    yield "  --sampling.gate non_zero_spread --sampling.gate.max_rounds 5 --engine.lora.rank 8"


def _function(file: Path, name: str) -> Recipe | None:
    """The help of a function in a file, without running the file."""
    for node in ast.parse(file.read_bytes()).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return Recipe(ast.get_docstring(node) or "", tuple(_parameters(node.args)))
    return None


def _parameters(of: ast.arguments) -> Iterator[tuple[str, str]]:
    plain = [*of.posonlyargs, *of.args]
    defaults = [None] * (len(plain) - len(of.defaults)) + list(of.defaults)
    pairs = [*zip(plain, defaults, strict=True), *zip(of.kwonlyargs, of.kw_defaults, strict=True)]
    yield from ((arg.arg, ast.unparse(default) if default else "") for arg, default in pairs)


def _imported(recipe: str) -> Recipe:
    """The help of a recipe by importing it, for a function from another file."""
    from inspect import Parameter, getdoc, signature

    from whet import recipes

    make = recipes.find(recipe)
    known = signature(make).parameters.values()
    rows = ((p.name, "" if p.default is Parameter.empty else repr(p.default)) for p in known)
    return Recipe(getdoc(make) or "", tuple(rows))

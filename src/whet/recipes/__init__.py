"""Recipes: a run is a Python function that returns a `Run`.  The folder is the registry."""

import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from whet import registry
from whet.training.run import Run
from whet.types import UsageError


def modules() -> dict[str, str]:
    """Where each recipe lives."""
    return registry.modules(sys.modules[__name__])


def find(recipe: str) -> Callable[..., Run]:
    """A recipe by its name, or by the path of a Python file that has a function of the same name.

    Raises `UsageError` for a name that is unknown and for a file without such a function.
    """
    if not recipe.endswith(".py"):
        return registry.load(sys.modules[__name__], recipe, kind="recipe")
    path = Path(recipe)
    if not path.is_file():
        raise UsageError(f"recipe {recipe!r} is no file; give a name (whet list recipes) or a path")
    name = f"whet_recipe_{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"recipe {recipe!r} is no Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    if not hasattr(module, path.stem):
        raise UsageError(f"recipe {recipe!r} has no function {path.stem}(); name it after the file")
    return getattr(module, path.stem)

"""Recipes: Python functions that return a `Run`.  Each file of this folder is one recipe."""

from collections.abc import Callable
from pathlib import Path

from whet import registry
from whet.recipes.own_recipe import own
from whet.training.run import Run


def find(recipe: str) -> Callable[..., Run]:
    """A recipe by its name, or by the path of a Python file that has a function of the same name.

    Raises `UsageError` for an unknown name, and for a file without a recipe.
    """
    path = Path(recipe)
    if path.suffix or path.exists() or len(path.parts) > 1:
        return own(recipe)
    return registry.find("recipe", recipe)

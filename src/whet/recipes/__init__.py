"""Recipes: a run is a Python function that returns a `Run`.  The folder is the registry."""

import sys
from collections.abc import Callable
from pathlib import Path

from whet import registry
from whet.recipes._own import own
from whet.training.run import Run


def modules() -> dict[str, str]:
    """Where each recipe lives."""
    return registry.modules(sys.modules[__name__])


def find(recipe: str) -> Callable[..., Run]:
    """A recipe by its name, or by the path of a Python file that has a function of the same name.

    Raises `Refusal` for a name that is unknown, and for a file that is no recipe.
    """
    path = Path(recipe)
    if recipe not in modules() and (path.suffix or path.exists() or len(path.parts) > 1):
        return own(recipe)
    return registry.load(sys.modules[__name__], recipe, kind="recipe")

"""Recipes: a run is a Python function that returns a `Run`.  The folder is the registry."""

from collections.abc import Callable

from whet import registry
from whet.training.run import Run


def find(recipe: str) -> Callable[..., Run]:
    """A recipe by its name, or by the path of a Python file that has a function of the same name.

    Raises `UsageError` for a name that is unknown and for a file without such a function.
    """
    return registry.find("recipe", recipe)

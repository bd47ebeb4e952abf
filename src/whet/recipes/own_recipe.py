"""Recipes from your own files: a function with typed parameters that returns a `Run`."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, isclass, iscoroutinefunction, isfunction, signature
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

from whet.scripts import complaint, imported
from whet.training.run import Run
from whet.types import IntegrityError, UsageError

_UNNAMED = (Parameter.POSITIONAL_ONLY, Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


def own(text: str) -> Callable[..., Run]:
    """The recipe of a file: the function with the file's name, or the one of `file.py:name`.

    The recipe of `my-recipe.py` is `my_recipe`.  Raises `UsageError` if the file has no function
    that the command line can call.  The returned function raises `UsageError` for every exception
    inside it, and for a result that is not a `Run`.
    """
    path, _, named = text.partition(":")
    module, name = imported(path, "recipe"), named or Path(path).stem.replace("-", "_")
    make = getattr(module, name, None)
    if make is None:
        raise UsageError(f"recipe {path!r} has no function {name}(); {_others(module)}")
    if isclass(make) or not callable(make) or iscoroutinefunction(make):
        kind = "a class" if isclass(make) else "a coroutine" if callable(make) else "no function"
        raise UsageError(f"recipe {path!r}: {name} is {kind}; write def {name}() -> Run")
    _insist_on_words(make, path, name)
    return _held(make, path, name)


def _others(module: ModuleType) -> str:
    """The functions that the file does define, for the message."""
    found = vars(module).items()
    names = [n for n, f in found if isfunction(f) and f.__module__ == module.__name__]
    if not names:
        return "it defines no function; write one that returns a Run"
    return f"it has {', '.join(f'{n}()' for n in names[:4])}: name the function after the file"


def _insist_on_words(make: Callable[..., Any], path: str, name: str) -> None:
    """Raise `UsageError` for a parameter without a name or a type: each becomes a flag."""
    try:
        hints = get_type_hints(make)
    except (NameError, TypeError, AttributeError) as error:
        raise UsageError(f"recipe {path!r}: a type of {name}() can't be found: {error}") from error
    for parameter in signature(make).parameters.values():
        if parameter.kind in _UNNAMED:
            raise UsageError(
                f"recipe {path!r}: {name}() takes {parameter}, which no flag of the command line "
                "can set; give every parameter a name of its own"
            )
        if parameter.name not in hints:
            raise UsageError(
                f"recipe {path!r}: parameter {parameter.name!r} of {name}() has no type; write "
                f"{parameter.name}: str, or what it is"
            )


def _held(make: Callable[..., Any], path: str, name: str) -> Callable[..., Run]:
    @wraps(make)
    def made(**choices: Any) -> Run:
        try:
            run = make(**choices)
        except (UsageError, IntegrityError):
            raise
        except (Exception, SystemExit) as error:
            raise UsageError(f"recipe {path!r}{complaint(error, Path(path))}") from error
        if not isinstance(run, Run):
            kind = type(run).__name__ if run is not None else "None"
            raise UsageError(f"recipe {path!r}: {name}() returned {kind}; return a Run")
        return run

    return made

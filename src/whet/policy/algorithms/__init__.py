"""One module per algorithm; its name is the algorithm's name.  The folder is the registry."""

from collections.abc import Callable, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

from whet import registry
from whet.protocols import Algorithm
from whet.scripts import complaint
from whet.types import IntegrityError, UsageError


def load(name: str | Algorithm, **settings: Any) -> Any:
    """The algorithm that a name or a path to a Python file means; one that stands, itself.

    It has its published defaults unless `settings` say otherwise.  Raises `UsageError` for a
    setting that it does not have, and for a file whose function returns no algorithm.
    """
    if isinstance(name, Algorithm):
        return name
    offered = registry.find("algorithm", name)
    known = signature(offered).parameters
    for setting in settings:
        if setting not in known:
            near = registry.nearest(setting, known)
            raise UsageError(f"algorithm {name!r} has no setting {setting!r}; {near}")
    found = _made(name, offered, settings)
    if not isinstance(found, Algorithm):
        raise UsageError(
            f"algorithm {name!r} gives a {type(found).__name__}; return an Objective or another "
            "subclass of whet.protocols.Algorithm"
        )
    return found


def _made(name: str, make: Callable[..., Any], settings: Mapping[str, Any]) -> Any:
    """What an algorithm's function returns.  What a user's file raises is told with its line."""
    file = Path(name.partition(":")[0])
    if file.suffix != ".py":
        return make(**settings)
    try:
        return make(**settings)
    except (UsageError, IntegrityError):
        raise
    except (Exception, SystemExit) as error:
        raise UsageError(f"algorithm {name!r}{complaint(error, file)}") from error

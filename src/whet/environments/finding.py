"""Worlds by name: those that ship, those of installed packages, and those of a file."""

from collections.abc import Callable
from inspect import signature
from typing import Any

from whet import registry
from whet.invoked import command
from whet.protocols import World
from whet.scripts import reason
from whet.types import UsageError


def world(name: str) -> World:
    """The world of a name or a path.

    Raises `UsageError` for an environment that brings no tasks, and for one that needs settings.
    """
    return _made(name, registry.find("environment", name))


def terse_world(name: str) -> World:
    """The world of a name or a path, without the text of its rules: for a small model."""
    kind = registry.find("environment", name)
    return _made(name, kind, **({"rules": ""} if _has_rules(kind) else {}))


def _has_rules(kind: Callable[..., Any]) -> bool:
    """Whether a world can be made with `rules`; no, where it doesn't say what it is made with."""
    try:
        return "rules" in signature(kind).parameters
    except (TypeError, ValueError):
        return False


def _made(name: str, kind: Callable[..., Any], **settings: Any) -> World:
    try:
        found = kind(**settings)
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        raise UsageError(
            f"world is {name!r}, which can't be made by name: {reason(error)}; give one of "
            f"{command('env', 'list')}, or file.py:name of a class whose settings all have defaults"
        ) from error
    if not isinstance(found, World):
        raise UsageError(
            f"world is {name!r}, which is no World: it brings no tasks of its own; give one of "
            f"{command('env', 'list')}"
        )
    return found

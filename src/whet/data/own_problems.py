"""Problems of your own family: a class in a file, which is checked before the first task."""

from inspect import isclass
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

from whet.data.golds import is_blank
from whet.data.problems import Problems
from whet.scripts import complaint, imported
from whet.types import IntegrityError, Step, Task, UsageError

_METHODS = ("draw", "canonical", "worked", "steps")


def own_problems(path: str) -> Problems:
    """The problems, at all levels, of the family that a file defines.

    The family is the class that the file is named after, or its only one with such methods.  Raises
    `UsageError` where an attribute is missing, or where a first task does not come out right.
    """
    offered = _offered(imported(path, "family"), path)
    try:
        family: Any = offered() if isclass(offered) else offered
        _insist_on_methods(family, path)
        lowest, highest = _levels(family, path)
        for level in (lowest, highest):
            _insist_on_types(family, level, path)
        return Problems(family=family, levels=(lowest, highest))
    except (UsageError, IntegrityError):
        raise
    except Exception as error:
        raise UsageError(f"family {path!r}{complaint(error, Path(path))}") from error


def _offered(module: ModuleType, path: str) -> Any:
    stem = Path(path).stem.replace("-", "_")
    name = stem.title().replace("_", "")
    for known in (stem, name):
        if hasattr(module, known):
            return getattr(module, known)
    own = [v for v in vars(module).values() if isclass(v) and v.__module__ == module.__name__]
    like = [v for v in own if any(hasattr(v, method) for method in _METHODS)]
    if len(like) != 1:
        raise UsageError(f"family {path!r} has no class {name}; name its class after the file")
    return like[0]


def _insist_on_methods(family: Any, path: str) -> None:
    for name in _METHODS:
        if not callable(getattr(family, name, None)):
            raise UsageError(
                f"family {path!r}: {type(family).__name__} has no {name}(); write the methods of "
                f"whet.protocols.Family ({', '.join(_METHODS)})"
            )


def _levels(family: Any, path: str) -> tuple[int, int]:
    levels: Any = getattr(family, "levels", None)
    if isinstance(levels, tuple | list) and all(type(level) is int for level in levels):
        match levels:
            case (lowest, highest) if 0 < lowest <= highest:
                return lowest, highest
    raise UsageError(
        f"family {path!r}: levels of {type(family).__name__} is {levels!r}; give (lowest, highest),"
        " whole numbers from 1 on"
    )


def _insist_on_types(family: Any, level: int, path: str) -> None:
    """Draw a task, and check all methods of the family on it."""
    task = family.draw(Random(0), level)
    _insist(task, Task, "draw", path)
    _insist_on_answers(task, path)
    _insist(family.canonical(task), str, "canonical", path)
    reply = family.worked(task, Random(0), 1.0)
    _insist(reply, str, "worked", path)
    steps = family.steps(task, reply)
    _insist(steps, tuple, "steps", path)
    for step in steps:
        _insist(step, Step, "steps", path)


def _insist_on_answers(task: Task, path: str) -> None:
    texts: tuple[Any, ...] = (task.answer, *task.alternatives)
    wrong = [text for text in texts if not isinstance(text, str)]
    if wrong:
        raise UsageError(
            f"family {path!r}: draw() returned a task with the answer {wrong[0]!r:.40}; give text, "
            "and further right answers as alternatives=(…)"
        )
    if task.answer and any(is_blank(text) for text in texts):
        raise UsageError(f"family {path!r}: draw() returned a task with a blank answer; give text")


def _insist(found: object, kind: type, method: str, path: str) -> None:
    if not isinstance(found, kind):
        raise UsageError(
            f"family {path!r}: {method}() returned {type(found).__name__}; return a {kind.__name__}"
        )

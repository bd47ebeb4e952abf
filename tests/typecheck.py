"""The checkers that run at every boundary under test: an int is a float, as for every linter.

jaxtyping holds the axes of the arrays of one call against each other.  Its wrapper costs more than
most functions do, so functions that take and give no array are checked by beartype alone.
"""

from collections.abc import Callable
from dataclasses import is_dataclass
from functools import partial
from typing import Any

import jaxtyping
from beartype import BeartypeConf, beartype

tower = beartype(conf=BeartypeConf(is_pep484_tower=True))
_jaxtyped = jaxtyping.jaxtyped


def install(package: str) -> None:
    """Check a package that has not been imported yet."""
    jaxtyping.jaxtyped = _by_annotations  # what the hook puts above functions and classes
    jaxtyping.install_import_hook(package, "typecheck.tower")


def _by_annotations(*, typechecker: Callable[..., Any]) -> Callable[[Any], Any]:
    return partial(_checked, typechecker)


def _checked(typechecker: Callable[..., Any], thing: Any) -> Any:
    if isinstance(thing, type):
        if is_dataclass(thing) and "__init__" in vars(thing):
            thing.__init__ = _checked(typechecker, thing.__init__)
        return thing
    annotations = thing.__annotations__.values()
    if any(isinstance(one, str) or "jaxtyping" in repr(one) for one in annotations):
        return _jaxtyped(thing, typechecker=typechecker)
    return typechecker(thing)

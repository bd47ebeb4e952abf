"""Tools by name: those that ship, and functions of a file."""

from collections.abc import Callable, Sequence

from whet.calls.shipped.calc import calc
from whet.calls.shipped.lookup import Lookup
from whet.calls.shipped.python_cells import Python
from whet.calls.shipped.workspace import Workspace
from whet.calls.tools import Offered, schemas_of
from whet.registry import nearest
from whet.scripts import imported
from whet.types import UsageError

SHIPPED: dict[str, Callable[[], Offered]] = {
    "calc": lambda: calc,
    "lookup": lambda: Lookup,
    "python": Python,
    "workspace": Workspace,
}


def tools(names: Sequence[str]) -> tuple[Offered, ...]:
    """The tools of these names: `calc`, `lookup`, `python`, `workspace`, or `file.py:function`.

    Raises `UsageError` for an unknown name, a file without that function, and a function that can't
    be described.
    """
    found = tuple(_tool(name) for name in names)
    schemas_of(found)
    return found


def _tool(name: str) -> Offered:
    path, colon, function = name.rpartition(":")
    if not colon:
        if name not in SHIPPED:
            raise UsageError(
                f"tools has {name!r}; {nearest(name, SHIPPED)} (one of your own: file.py:function)"
            )
        return SHIPPED[name]()
    found = getattr(imported(path, "tools"), function, None)
    if not callable(found):
        raise UsageError(f"tools has {name!r}, but the file has no function of that name")
    return found

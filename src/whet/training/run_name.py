"""The name of a run, and of its folder directly below the folder of runs."""

from whet.types import UsageError

_MOST = 120  # characters; file systems take 255 bytes
_SEPARATORS = "/\\:"


def checked(name: str) -> str:
    """The name, unchanged.  Raises `UsageError` for one with a path or odd characters."""
    told = name if len(name) <= _MOST else f"{name[:_MOST]}…"
    for wrong, what in _objections(name).items():
        if what:
            raise UsageError(f"name is {told!r}, {wrong}; give letters, digits, - and _")
    return name


def _objections(name: str) -> dict[str, bool]:
    return {
        "which is empty": not name.strip(),
        f"which is longer than {_MOST} characters": len(name) > _MOST,
        "which has a path in it": any(mark in name for mark in _SEPARATORS),
        "which begins or ends with a dot or a blank": name != name.strip(". "),
        "which begins like a flag": name.startswith("-"),
        "which can't be printed": not name.isprintable(),
    }

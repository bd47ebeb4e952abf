"""`--config file.toml`: dotted paths as tables.

For example:

    model = "path/to/folder"       # a recipe's parameter
    lr = 1e-6                      # a usual spelling
    steps = 100

    [sampling.gate]
    class = "non_zero_spread"      # which part; its fields follow
    max_rounds = 5

    [[objective.corrections]]      # a list of parts
    class = "truncated"
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from whet.cli.flags import TRUE, Flag, path_of
from whet.cli.values import NONE
from whet.types import UsageError

PART = "class"  # the key of a table that names the part; no field has this name


def read(path: str) -> list[Flag]:
    """The settings of a file.  Raises `UsageError` if it is missing or not TOML, with the
    line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"config {path!r} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"config {path!r} is no TOML: {error}") from error
    except ValueError as error:  # a null byte
        raise UsageError(f"config {path!r} is no path: {error}") from error
    try:
        return flags_of(tomllib.loads(text), path)
    except tomllib.TOMLDecodeError as error:
        end = f"at line {len(text.splitlines())}, the end"
        told = str(error).replace("at end of document", end)
        raise UsageError(f"config {path!r} is no TOML: {told}") from error


def flags_of(table: Mapping[str, Any], file: str) -> list[Flag]:
    """The settings of a table that was read from a file."""
    return list(_flags(table, "", file))


def _flags(table: Mapping[str, Any], outer: str, file: str) -> Iterator[Flag]:
    for key, held in table.items():
        path = outer if outer and key == PART else f"{outer}.{key}".lstrip(".")
        if isinstance(held, dict):
            yield from _flags(held, path, file)
        elif _tables(held):
            yield from _several(held, path, file)
        else:
            yield Flag(path_of(path), _text(held), f"{file}: {path}")


def _tables(held: Any) -> bool:
    return isinstance(held, list) and bool(held) and all(isinstance(item, dict) for item in held)


def _several(tables: list[dict[str, Any]], path: str, file: str) -> Iterator[Flag]:
    """The flags of an array of tables.  Tables that all name a part replace the list."""
    parts = [table.get(PART) for table in tables]
    if all(parts):
        yield Flag(path_of(path), ",".join(map(str, parts)), f"{file}: {path}")
    for i, table in enumerate(tables):
        inner = {key: held for key, held in table.items() if key != PART or not all(parts)}
        yield from _flags(inner, f"{path}.{i}", file)


def _text(held: Any) -> str:
    if isinstance(held, bool):
        return TRUE if held else "false"
    if isinstance(held, list):
        return json.dumps(held, default=str) if held else NONE
    return held if isinstance(held, str) else repr(held)

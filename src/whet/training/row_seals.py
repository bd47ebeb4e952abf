"""Seals of the rows of a ledger: how long their file was at a moment, and its digest then.

Each checkpoint has one, and so has the end of a run, after the row of its final evaluation.
"""

import json
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from whet import durable

SEALED = "ledger.json"  # in a checkpoint
END = "metrics.seal"  # in a run folder


def seal(data: bytes) -> dict[str, Any]:
    """The seal of what the file of the rows holds."""
    return {"bytes": len(data), "digest": blake2b(data).hexdigest()}


def fits(held: Mapping[str, Any], data: bytes) -> bool:
    """Whether the rows of a seal are there, as they were; more may follow."""
    size = held.get("bytes")
    return isinstance(size, int) and seal(data[:size]) == dict(held)


def read(path: Path) -> dict[str, Any]:
    """The seal in a file; empty for none, and for a damaged one."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) and {"bytes", "digest"} <= held.keys() else {}


def sealed(checkpoints: Iterable[Path], data: bytes) -> int:
    """The bytes of the rows that the newest checkpoint with a seal was written after.

    −1 where they are not as they were then, for what is lost may be restored.
    """
    held = next((held for folder in checkpoints if (held := read(folder / SEALED))), {})
    return int(held["bytes"]) if held and fits(held, data) else -1


def end(folder: Path, data: bytes) -> None:
    """Write the seal of a run that has ended."""
    durable.write(folder / END, json.dumps(seal(data)).encode())


def unseal(folder: Path) -> None:
    """Delete the seal of the end, before the rows are changed."""
    with durable.writing(folder / END):
        durable.remove(folder / END)


def is_broken(folder: Path, data: bytes) -> bool:
    """Whether a run that has ended has other rows than it had then."""
    held = read(folder / END)
    return bool(held) and held != seal(data)

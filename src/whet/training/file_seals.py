"""Seals of folders: the digests of all files that were there when a folder was written."""

import json
from hashlib import file_digest
from pathlib import Path
from typing import Any

SEAL = "seal.json"
_READ = {".safetensors", ".bin", ".pt", ".json", ".jinja", ".model", ".txt", ".py"}
"""Files that a loader might read, so that none may be added; notes of a person may be."""


def digests(folder: Path) -> dict[str, str]:
    """The digest of every file but the seal, by its path in the folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != SEAL:
            with path.open("rb") as file:
                name = path.relative_to(folder).as_posix()
                found[name] = file_digest(file, "blake2b").hexdigest()
    return found


def seal_of(folder: Path) -> dict[str, Any]:
    """The seal of a folder; empty if it is missing or broken."""
    try:
        held = json.loads((folder / SEAL).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    sound = isinstance(held, dict) and isinstance(held.get("files", {}), dict)
    return held if sound else {}


def odd_file(folder: Path) -> str:
    """The first file that has changed since the folder was sealed; empty if none has."""
    if not folder.is_dir():
        return f"{folder} is no folder"
    if not (seal := seal_of(folder)):
        return f"{folder / SEAL} is missing or has changed"
    written, found = seal.get("files", seal), digests(folder)
    added = {name for name in found if Path(name).suffix in _READ}
    names = sorted(written.keys() | added)
    if odd := next((name for name in names if found.get(name) != written.get(name)), ""):
        gone = "is missing" if odd not in found else "has changed"
        return f"{folder / odd} {gone if odd in written else 'was added'}"
    return ""

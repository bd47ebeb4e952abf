"""The run card: everything that is needed to repeat a run."""

import json
import os
import platform
import subprocess
from dataclasses import fields, is_dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from whet import __version__
from whet.training.run import Run
from whet.types import UsageError

CARD = "run.json"
_PACKAGES = ("torch", "transformers", "tokenizers", "safetensors", "numpy", "math-verify", "peft")


def resolved(value: Any) -> Any:
    """A value as JSON: a part is its type and its fields, down to the numbers."""
    if is_dataclass(value) and not isinstance(value, type):
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        return {"part": kind} | {f.name: resolved(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple | list):
        return [resolved(item) for item in value]
    if isinstance(value, dict):
        return {str(key): resolved(item) for key, item in value.items()}
    return value if isinstance(value, str | int | float | bool | None) else repr(value)


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Dotted fields in which two resolved values differ, with both readings."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = sorted(one.keys() | other.keys())
        pairs = [(name, one.get(name), other.get(name)) for name in names]
        return [d for n, a, b in pairs for d in differences(a, b, f"{path}.{n}".lstrip("."))]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [d for i, (a, b) in pairs for d in differences(a, b, f"{path}.{i}")]
    return [] if one == other else [f"{path}: was {one!r}, is {other!r}"]


def card(run: Run, recipe: str, arguments: list[str]) -> dict[str, Any]:
    """What is written before anything is computed."""
    return {
        "whet": __version__,
        "recipe": recipe,
        "arguments": arguments,
        "directory": os.getcwd(),
        "commit": _commit(),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "threads": run.engine.threads or torch.get_num_threads(),
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "versions": {name: found for name in _PACKAGES if (found := _version(name))},
        "run": resolved(run),
    }


def read(folder: Path) -> dict[str, Any]:
    """The card of a run folder.  Raises `UsageError` where there is none."""
    path = folder / CARD
    if not path.is_file():
        raise UsageError(
            f"{str(folder)!r} is no run folder (it has no {CARD}); see runs/ for yours"
        )
    return json.loads(path.read_text(encoding="utf-8"))


def write(folder: Path, held: dict[str, Any]) -> None:
    """Put the card into its folder."""
    text = json.dumps(held, indent=1, ensure_ascii=False)
    (folder / CARD).write_text(text + "\n", encoding="utf-8")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Of the directory the run is started from, with a + where it has uncommitted changes."""
    asked = ["git", "describe", "--always", "--dirty=+", "--abbrev=40", "--exclude=*"]
    try:
        found = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=10)
    except FileNotFoundError:
        return None
    return found.stdout.strip() or None
